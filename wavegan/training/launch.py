"""Start the same command in several processes of this machine."""

import contextlib
import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from threading import Thread

from wavegan.training.interrupt import ECHO, stops

GRACE = 15.0
"""Seconds that the others have to end by themselves once one has failed."""


def launch(processes: int, arguments: Sequence[str]) -> int:
    """Run `python -m wavegan ARGUMENTS` in `processes` processes; returns the exit code.

    Torch's own launcher is not used: it gives processes that save 30 seconds, and answers a mistake
    in a recipe with a page of its own and exit code 1. What asks to stop is passed on to the
    processes; where a terminal has told them too, they take that for one signal.
    """
    port = _free_port()
    workers = [_Worker(rank, processes, port, arguments) for rank in range(processes)]
    with _passing_on(workers) as received:
        failed = _wait(workers, received)
    if received:
        return 128 + received[0]
    return 0 if failed is None else _report(failed, workers[0])


class _Worker:
    """One process; what the first writes to stderr is seen at once, of the others all but errors.

    A mistake is the same in all of them: it shall be read once.
    """

    def __init__(self, rank: int, processes: int, port: int, arguments: Sequence[str]) -> None:
        threads = max(1, (os.cpu_count() or 1) // processes)
        environment = {
            "OMP_NUM_THREADS": str(threads),
            **os.environ,
            "WAVEGAN_PROCESSES": str(processes),
            "WORLD_SIZE": str(processes),
            "LOCAL_WORLD_SIZE": str(processes),
            "RANK": str(rank),
            "LOCAL_RANK": str(rank),
            "MASTER_ADDR": "127.0.0.1",
            "MASTER_PORT": str(port),
        }
        self.rank = rank
        self.errors: list[bytes] = []
        self.process = subprocess.Popen(
            [sys.executable, "-m", "wavegan", *arguments],
            env=environment,
            stderr=subprocess.PIPE if rank else None,
        )
        self.reader = Thread(target=self._read, daemon=True)
        self.reader.start()

    def _read(self) -> None:
        for line in self.process.stderr or ():
            if line.startswith(b"error: "):
                self.errors.append(line)
            else:
                _tell(line)


def _wait(workers: Sequence[_Worker], received: Sequence[int]) -> _Worker | None:
    """Wait for all to end; returns the first that failed. After a signal all may take their time.

    A process that waits for one that is gone may wait for ever, so it is killed after a while.
    """
    failed: _Worker | None = None
    deadline = float("inf")
    while any(worker.process.poll() is None for worker in workers):
        if len(received) > 1:
            deadline = min(deadline, time.monotonic() + GRACE)
        gone = [worker for worker in workers if worker.process.poll()]
        if gone and failed is None and not received:
            failed, deadline = gone[0], time.monotonic() + GRACE
        if time.monotonic() > deadline:
            for worker in workers:
                worker.process.kill()
        time.sleep(0.1)
    for worker in workers:
        worker.reader.join(1.0)
    return failed or next((worker for worker in workers if worker.process.returncode), None)


def _report(failed: _Worker, first: _Worker) -> int:
    """Say what ended a process that was not heard itself; returns the exit code."""
    code = failed.process.returncode
    if failed is not first and code != first.process.returncode:
        for line in failed.errors:
            _tell(line)
    if code < 0:
        _tell(f"error: process {failed.rank} was ended by signal {-code}\n".encode())
    return int(code) if code > 0 else 128 - int(code)


@contextmanager
def _passing_on(workers: Sequence[_Worker]) -> Iterator[list[int]]:
    """Pass on what asks to stop, instead of dying of it; the signals that came, echoes left out."""
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


def _tell(line: bytes) -> None:
    """Write a line to stderr; where its reader is gone, the processes' pipes are emptied still."""
    with contextlib.suppress(OSError, ValueError):
        sys.stderr.buffer.write(line)
        sys.stderr.flush()


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])
