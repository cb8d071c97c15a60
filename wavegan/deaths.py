"""What ended a process, in words; and processes that end with their parent."""

import ctypes
import os
import signal
import sys
import threading
import time
from pathlib import Path

LEFT_ALONE = 75
"""Exit code of a process that ended because another has: who started them tells of that one."""
PR_SET_PDEATHSIG = 1
LOOK = 1.0
"""Seconds between looks at whether the parent is there, where the system does not tell."""
COUNTERS = (Path("/sys/fs/cgroup/memory.events"), Path("/proc/vmstat"))
"""Where Linux counts what its OOM killer has ended: in this container, in this machine."""


def out_of_memory() -> int:
    """How many processes the kernel has killed for lack of memory; 0 where it does not tell."""
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
    """How a process ended, for a sentence that begins with the process.

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
        return f"was ended by {name}"
    if out_of_memory() > killed_before:
        return "was killed by the system (SIGKILL), as memory ran out"
    return "was killed (SIGKILL: by somebody, or by the system for lack of memory)"


def end_with(parent: int, number: int) -> None:
    """Send this process a signal as soon as its parent is gone, however that ended.

    Args:
        parent: process number of the parent that started this one.
        number: the signal.
    """
    if sys.platform == "linux":
        # the kernel does it, also where the process hangs in a read
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
