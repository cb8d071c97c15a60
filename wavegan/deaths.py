"""Say why a process ended, and end a process together with its parent."""

import ctypes
import os
import signal
import sys
import threading
import time
from pathlib import Path

LEFT_ALONE = 75
"""Exit code of a process that ended because another one did; the launcher reports that one."""
PR_SET_PDEATHSIG = 1
LOOK = 1.0
"""Seconds between checks that the parent is alive, where the system does not send a signal."""
COUNTERS = (Path("/sys/fs/cgroup/memory.events"), Path("/proc/vmstat"))
"""Linux's counts of processes killed for lack of memory: in this container, on this machine."""


def out_of_memory() -> int:
    """How many processes the kernel has killed for lack of memory; 0 if it does not count them."""
    counted = 0
    for file in COUNTERS:
        try:
            words = file.read_text(encoding="ascii").split()
        except (OSError, ValueError):
            continue
        if "oom_kill" in words:
            counted += int(words[words.index("oom_kill") + 1])
    return counted


def cause(code: int | None, killed_before: int) -> str:
    """How a process ended, as the second part of a sentence about it.

    Args:
        code: its exit code, negative for a signal; None: not known.
        killed_before: `out_of_memory()` while it was still alive.
    """
    if code is None:
        return "ended"
    if code >= 0:
        return f"ended with exit code {code}"
    try:
        name = signal.Signals(-code).name
    except ValueError:
        name = f"signal {-code}"
    if name != "SIGKILL":
        return f"was stopped by {name}"
    if out_of_memory() > killed_before:
        return "was killed by the system (SIGKILL) because memory ran out"
    return "was killed (SIGKILL: by a user, or by the system for lack of memory)"


def end_with(parent: int, number: int) -> None:
    """Send this process a signal as soon as its parent has ended, for whatever reason.

    Args:
        parent: process id of the parent.
        number: the signal.
    """
    if sys.platform == "linux":
        # the kernel sends the signal even if this process is blocked in a read
        ctypes.CDLL(None).prctl(PR_SET_PDEATHSIG, number)
        if os.getppid() != parent:
            os.kill(os.getpid(), number)
        return
    if os.name == "nt":
        return  # torch watches the parent's handle there

    def watch() -> None:
        while os.getppid() == parent:
            time.sleep(LOOK)
        os.kill(os.getpid(), number)

    threading.Thread(target=watch, daemon=True).start()
