"""Set up loader workers: they end with their parent, and only on its signal."""

import os
import signal
import threading
from collections.abc import Iterator
from contextlib import contextmanager

import torch

from wavegan import deaths

IGNORED = tuple(
    getattr(signal, name)
    for name in ("SIGINT", "SIGHUP", "SIGUSR1", "SIGUSR2")
    if hasattr(signal, name)
)


@contextmanager
def held_signals() -> Iterator[None]:
    """Block signals while workers are started; a worker inherits this until `start`.

    Otherwise a signal to the whole process group could end a worker that is not set up yet.
    """
    if not hasattr(signal, "pthread_sigmask"):
        yield
        return
    before = signal.pthread_sigmask(signal.SIG_BLOCK, {*IGNORED, signal.SIGTERM})
    try:
        yield
    finally:
        signal.pthread_sigmask(signal.SIG_SETMASK, before)


def start(_: int, parent: int) -> None:
    """Set up a worker; called in the worker before its first item.

    Args:
        _: the worker's number.
        parent: process id of the parent; `os.getppid()` may already return another one here.

    A signal to the whole process group (a closed terminal, systemd, SLURM, `timeout`) is for the
    parent, which saves and then ends its workers. A worker that dies from it in the middle of a
    write would leave the parent waiting at a pipe forever. If the parent ends for any reason, the
    worker ends too.
    """
    for number in IGNORED:
        signal.signal(number, signal.SIG_IGN)
    _accept_sigterm_from(parent)
    deaths.end_with(parent, getattr(signal, "SIGKILL", signal.SIGTERM))
    torch.set_num_threads(1)


def _accept_sigterm_from(parent: int) -> None:
    """Accept SIGTERM only from the parent, which sends it to a worker that does not end."""
    # otherwise a forked worker would run the parent's handler
    signal.signal(signal.SIGTERM, signal.SIG_DFL)
    if not hasattr(signal, "pthread_sigmask"):
        return
    signal.pthread_sigmask(signal.SIG_UNBLOCK, IGNORED)
    if not hasattr(signal, "sigwaitinfo"):
        # macOS does not report the sender
        signal.pthread_sigmask(signal.SIG_UNBLOCK, {signal.SIGTERM})
        return
    signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGTERM})

    def listen() -> None:
        while signal.sigwaitinfo({signal.SIGTERM}).si_pid != parent:
            continue
        os._exit(0)

    threading.Thread(target=listen, daemon=True).start()
