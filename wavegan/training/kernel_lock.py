"""A file lock that the operating system releases when the process ends."""

import errno
import os
import sys

BUSY = {errno.EACCES, errno.EAGAIN, errno.EDEADLK}
FAR = 1 << 30
"""Offset of the locked byte: Windows blocks reading of locked bytes, so it is past the end."""

if sys.platform == "win32":
    import msvcrt

    def _lock(handle: int) -> None:
        os.lseek(handle, FAR, os.SEEK_SET)
        msvcrt.locking(handle, msvcrt.LK_NBLCK, 1)
        os.lseek(handle, 0, os.SEEK_SET)
else:
    import fcntl

    def _lock(handle: int) -> None:
        # not flock: a forked data loader would inherit it, and could outlive its parent
        fcntl.lockf(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)


def take(handle: int) -> bool | None:
    """Lock an open file without waiting.

    Returns:
        True: locked until it is closed or this process ends; False: another process has the lock;
        None: the file system has no locks.
    """
    try:
        _lock(handle)
    except OSError as error:
        return False if error.errno in BUSY else None
    return True
