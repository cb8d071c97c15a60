"""A lock that the operating system keeps for a process, and drops with it."""

import errno
import os
import sys

BUSY = {errno.EACCES, errno.EAGAIN, errno.EDEADLK}
FAR = 1 << 30
"""Windows keeps others from reading what is locked, so a byte behind the file's end is."""

if sys.platform == "win32":
    import msvcrt

    def _lock(handle: int) -> None:
        os.lseek(handle, FAR, os.SEEK_SET)
        msvcrt.locking(handle, msvcrt.LK_NBLCK, 1)
        os.lseek(handle, 0, os.SEEK_SET)
else:
    import fcntl

    def _lock(handle: int) -> None:
        # not flock: a forked reader of audio would inherit that, and outlive its parent with it
        fcntl.lockf(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)


def take(handle: int) -> bool | None:
    """Lock an open file without waiting.

    Returns:
        True: it is ours until it is closed or this process ends; False: another process has it;
        None: its file system knows no locks.
    """
    try:
        _lock(handle)
    except OSError as error:
        return False if error.errno in BUSY else None
    return True
