"""Start the same command in several processes on this machine."""

import contextlib
import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from threading import Thread

from wavegan import deaths
from wavegan.interrupt import ECHO, stops

GRACE = 15.0
"""Seconds for the other processes to exit after one has failed."""


def launch(processes: int, arguments: Sequence[str], run: Path) -> int:
    """Run `python -m wavegan ARGUMENTS` in `processes` processes; returns the exit code.

    Torch's launcher is not used: it kills processes 30 seconds after a signal, even while they
    save, and for a mistake in a recipe it prints a page of text and exits with code 1. Stop signals
    are forwarded to the processes; a process that also gets the signal from the terminal counts it
    once. If this process is killed, the others save and exit.

    Args:
        processes: number of processes.
        arguments: the command line's arguments.
        run: the run's folder, for messages.
    """
    port = _free_port()
    workers = [_Worker(rank, processes, port, arguments) for rank in range(processes)]
    with _forwarding(workers) as received:
        killed = deaths.out_of_memory()
        order = _wait(workers, received)
    if received:
        return 128 + received[0]
    guilty = [worker for worker in order if worker.failed]
    if not guilty:
        return int(any(worker.process.returncode for worker in workers))
    # errors of the others are consequences of a killed process
    cause = min(guilty, key=lambda worker: worker.process.returncode >= 0)
    return _report(cause, workers[0], killed, run)


class _Worker:
    """One process. Its stderr is shown, but error lines only from the first process.

    A user error is the same in all processes, so it is printed only once.
    """

    def __init__(self, rank: int, processes: int, port: int, arguments: Sequence[str]) -> None:
        threads = max(1, (os.cpu_count() or 1) // processes)
        environment = {
            "OMP_NUM_THREADS": str(threads),
            **os.environ,
            "WAVEGAN_PROCESSES": str(processes),
            "WAVEGAN_LAUNCHER": str(os.getpid()),
            "WORLD_SIZE": str(processes),
            "LOCAL_WORLD_SIZE": str(processes),
            "RANK": str(rank),
            "LOCAL_RANK": str(rank),
            "MASTER_ADDR": "127.0.0.1",
            "MASTER_PORT": str(port),
        }
        self.rank, self.ended_by_us = rank, False
        self.errors: list[bytes] = []
        self.process = subprocess.Popen(
            [sys.executable, "-m", "wavegan", *arguments],
            env=environment,
            stderr=subprocess.PIPE if rank else None,
        )
        self.reader = Thread(target=self._read, daemon=True)
        self.reader.start()

    @property
    def failed(self) -> bool:
        """Whether it failed by itself, not as a consequence of another process."""
        return self.process.returncode not in (0, deaths.LEFT_ALONE) and not self.ended_by_us

    def end(self) -> None:
        """Kill it if it still runs."""
        if self.process.poll() is None:
            self.ended_by_us = True
            self.process.kill()

    def _read(self) -> None:
        for line in self.process.stderr or ():
            if line.startswith(b"error: "):
                self.errors.append(line)
            else:
                _print(line)


def _wait(workers: Sequence[_Worker], received: Sequence[int]) -> list[_Worker]:
    """Wait for all processes; returns them in the order in which they ended.

    After one has failed, the others are killed after `GRACE`: they may wait for it forever. After a
    first signal there is no time limit, after a second one it is `GRACE`.
    """
    deadline, alone = float("inf"), False
    order: list[_Worker] = []
    while len(order) < len(workers):
        if len(received) > 1:
            deadline = min(deadline, time.monotonic() + GRACE)
        order += [w for w in workers if w.process.poll() is not None and w not in order]
        gone = any(worker.process.returncode for worker in order)
        if gone and not alone and not received:
            alone, deadline = True, time.monotonic() + GRACE
        if time.monotonic() > deadline:
            for worker in workers:
                worker.end()
        time.sleep(0.1)
    for worker in workers:
        worker.reader.join(1.0)
    return order


def _report(failed: _Worker, first: _Worker, killed: int, run: Path) -> int:
    """Print why a process ended, if it has not printed it itself; returns the exit code."""
    code = failed.process.returncode
    if failed is not first and code != first.process.returncode:
        for line in failed.errors:
            _print(line)
    if code < 0:
        message = (
            f"error: process {failed.rank} (pid {failed.process.pid}) "
            f"{deaths.cause(code, killed)}, so the others ended too; resume from the last "
            f"checkpoint with: wavegan train --resume {run}\n"
        )
        _print(message.encode(errors="replace"))
    return int(code) if code > 0 else 128 - int(code)


@contextmanager
def _forwarding(workers: Sequence[_Worker]) -> Iterator[list[int]]:
    """Forward stop signals to the processes; yields the signals received, without echoes."""
    received: list[int] = []
    last = -ECHO

    def forward(number: int, _frame: object) -> None:
        nonlocal last
        if time.monotonic() - last < ECHO:
            return
        last = time.monotonic()
        received.append(number)
        for worker in workers:
            worker.process.send_signal(number)

    previous = {number: signal.signal(number, forward) for number in stops()}
    try:
        yield received
    finally:
        for number, handler in previous.items():
            signal.signal(number, handler)


def _print(line: bytes) -> None:
    """Write a line to stderr; errors are ignored, so that the pipes are always emptied."""
    with contextlib.suppress(OSError, ValueError):
        sys.stderr.buffer.write(line)
        sys.stderr.flush()


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])
