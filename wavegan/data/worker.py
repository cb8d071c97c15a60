"""The life of a process that reads for training: it ends with its parent, and at its word only."""

import ctypes
import os
import signal
import sys
import threading
import time

import torch

PR_SET_PDEATHSIG = 1
LOOK = 1.0
"""Seconds between looks at whether the parent is there, where the system does not tell."""


def start(_: int) -> None:
    """Set up a worker, called in it before its first item.

    A signal to the whole group (a closed terminal, systemd, SLURM, `timeout`) is for the parent,
    which saves and then ends its workers. A worker that died of it in the middle of a write would
    leave the parent waiting at a pipe for ever. However the parent ends, the worker ends too.
    """
    parent = os.getppid()
    _ignore("SIGINT", "SIGHUP", "SIGUSR1", "SIGUSR2")
    _obey(parent)
    _end_with(parent)
    torch.set_num_threads(1)


def _ignore(*names: str) -> None:
    for name in names:
        if hasattr(signal, name):
            signal.signal(getattr(signal, name), signal.SIG_IGN)


def _obey(parent: int) -> None:
    """Take SIGTERM from the parent alone, which sends it to a worker that does not end."""
    # a forked worker would else run the parent's handler
    signal.signal(signal.SIGTERM, signal.SIG_DFL)
    if not hasattr(signal, "sigwaitinfo"):
        # the sender is not told here; the parent ends workers by closing their queues first
        return
    signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGTERM})

    def listen() -> None:
        while signal.sigwaitinfo({signal.SIGTERM}).si_pid != parent:
            continue
        os._exit(0)

    threading.Thread(target=listen, daemon=True).start()


def _end_with(parent: int) -> None:
    if sys.platform == "linux":
        # the kernel does it, also where the worker hangs in a read
        ctypes.CDLL(None).prctl(PR_SET_PDEATHSIG, signal.SIGKILL)
        if os.getppid() != parent:
            os._exit(0)
        return
    if os.name == "nt":
        return  # torch watches the parent's handle there

    def watch() -> None:
        while os.getppid() == parent:
            time.sleep(LOOK)
        os._exit(0)

    threading.Thread(target=watch, daemon=True).start()
