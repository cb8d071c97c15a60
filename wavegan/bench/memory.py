"""Peak memory of one setting, in a new process for each."""

import multiprocessing
import signal
import sys
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from multiprocessing.connection import Connection
from multiprocessing.process import BaseProcess
from pathlib import Path
from typing import Any

import torch

from wavegan.bench.job import job, synchronized
from wavegan.bench.opened import Source, opened
from wavegan.bench.setting import Setting
from wavegan.errors import UserError

STATUS = Path("/proc/self/status")
STARTED = 1.5
"""Seconds that a process takes before the model runs, about."""


def peaks(source: Source, settings: Sequence[Setting]) -> list[int | None]:
    """Peak memory of opening a model and calling it once, in bytes, for each setting.

    It is the increase of the resident memory over that of a process that has loaded torch and this
    package; on a GPU the memory that torch reserves there. All settings run at the same time.

    Returns:
        None for a process that failed or died, and where the system does not count.
    """
    with _processes(source, settings) as started:
        found: list[int | None] = []
        for process, receiver in started:
            try:
                found.append(receiver.recv())
            except EOFError:
                found.append(None)
            process.join()
        return found


@contextmanager
def _processes(
    source: Source, settings: Sequence[Setting]
) -> Iterator[list[tuple[BaseProcess, Connection]]]:
    """Start a process for each setting, and end those that are left."""
    context: Any = multiprocessing.get_context("forkserver" if sys.platform == "linux" else "spawn")
    if sys.platform == "linux":
        # each process is a copy of one that has loaded torch, and has computed nothing
        context.set_forkserver_preload([__name__])
    started: list[tuple[BaseProcess, Connection]] = []
    try:
        for setting in settings:
            receiver, sender = context.Pipe(duplex=False)
            process = context.Process(target=_measure, args=(sender, source, setting), daemon=True)
            process.start()
            sender.close()
            started.append((process, receiver))
        yield started
    finally:
        for process, receiver in started:
            if process.is_alive():
                process.terminate()
            receiver.close()


def _measure(sender: Connection, source: Source, setting: Setting) -> None:
    """Send the peak of this process; None if the model does not run."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    try:
        sender.send(_peak(source, setting))
    except (UserError, RuntimeError, MemoryError):
        sender.send(None)


def _peak(source: Source, setting: Setting) -> int | None:
    device = torch.device(source.device)
    torch.set_num_threads(setting.threads)
    before = _resident("VmRSS:")
    model = opened(source, setting.precision)
    job(model, setting).call()
    synchronized(device)
    if device.type == "cuda":
        return int(torch.cuda.max_memory_reserved(device))
    after = _resident("VmHWM:")
    return None if before is None or after is None else max(after - before, 0)


def _resident(field: str) -> int | None:
    """Resident memory of this process in bytes: `VmRSS:` now, `VmHWM:` at most."""
    try:
        words = STATUS.read_text(encoding="ascii").split()
        return 1024 * int(words[words.index(field) + 1])
    except (OSError, ValueError):
        return _largest()


def _largest() -> int | None:
    """The largest resident memory so far, where there is no /proc."""
    try:
        import resource
    except ImportError:
        return None
    unit = 1 if sys.platform == "darwin" else 1024
    return unit * resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
