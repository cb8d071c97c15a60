"""Lock a run's folder for one training: `run.lock` has the process, the host and the time.

The kernel holds the lock while the process lives: a killed process leaves a file but no lock, and a
reused process number does no harm. On a file system without locks, exclusive creation of the file
replaces the lock, with the owner's process number and start time. A lock of another host counts as
held, because its process is not visible from here.
"""

import contextlib
import os
import time
from collections.abc import Callable, Iterator
from pathlib import Path

from wavegan.errors import UserError
from wavegan.training import kernel_lock
from wavegan.training.owner import Owner

LOCK = "run.lock"
SETTLED = 0.5
"""Seconds to wait before reading a lock file back, on file systems without locks."""

Note = Callable[[str], None]


@contextlib.contextmanager
def hold(run: Path, note: Note) -> Iterator[None]:
    """Lock the run's folder. It is created if missing, and removed at the end if still empty.

    Args:
        run: the run's folder.
        note: receives a line about the lock of a dead process.

    Raises:
        UserError: another process trains here, or may; or the folder cannot be written to.
    """
    made = [folder for folder in (run, *run.parents) if not folder.exists()]
    file = run / LOCK
    try:
        handle = _acquire(file, note)
    except OSError as error:
        _remove_empty(made)
        raise UserError(
            f"{run}: cannot be written to ({error.strerror or error}): choose another folder"
        ) from None
    try:
        yield
    finally:
        _release(handle, file)
        _remove_empty(made)


def _acquire(file: Path, note: Note) -> int:
    """Lock the file and write our name into it; returns its open descriptor."""
    while True:
        file.parent.mkdir(parents=True, exist_ok=True)
        handle, fresh = _open(file)
        try:
            held = kernel_lock.take(handle)
            if held is not False and not _is_at(handle, file):
                os.close(handle)  # the previous owner has just removed the file
                continue
            previous = None if fresh else _previous(handle, file, held)
            mine = Owner.here()
            _write(handle, mine)
            if held is None and not fresh:
                _settle(handle, file, mine)
        except BaseException:
            os.close(handle)
            raise
        if previous is not None:
            note(f"{file.parent}: {previous}; taking over its lock")
        return handle


def _open(file: Path) -> tuple[int, bool]:
    """Open the file; returns its descriptor and whether it is new."""
    try:
        return os.open(file, os.O_RDWR | os.O_CREAT | os.O_EXCL, 0o666), True
    except FileExistsError:
        return os.open(file, os.O_RDWR | os.O_CREAT, 0o666), False


def _previous(handle: int, file: Path, held: bool | None) -> str:
    """A description of the lock's previous owner, which is dead.

    Args:
        handle: descriptor of the lock's file.
        file: its path.
        held: whether we hold the kernel's lock; None: this file system has none.

    Raises:
        UserError: the owner is alive, or may be.
    """
    owner = _read(handle)
    if held is None and owner is None:
        time.sleep(SETTLED)  # another process may have just created it, and writes now
        owner = _read(handle)
    if held is False:
        raise _busy(file, owner)
    if owner is None:
        return f"{LOCK} is empty or damaged, and nobody holds it"
    alive = owner.is_alive() if held is None else owner.is_this_process()
    if alive is None or not owner.can_be_seen():
        raise UserError(
            f"{file.parent}: {owner} trains here according to {LOCK}, and {Owner.here().host} "
            f"cannot check whether it still runs ({_last_sign(file.parent)}): if it does not, "
            f"remove {file}"
        )
    if alive:
        raise _busy(file, owner)
    return f"{owner} ended without removing its lock"


def _busy(file: Path, owner: Owner | None) -> UserError:
    who = str(owner) if owner else "another process"
    stop = f"stop it (kill {owner.pid}: it saves)" if owner else "stop it"
    return UserError(
        f"{file.parent}: {who} trains here: wait until it ends, {stop}, or choose another folder"
    )


def _last_sign(run: Path) -> str:
    try:
        quiet = max(0.0, time.time() - (run / "metrics.jsonl").stat().st_mtime)
    except OSError:
        return "it has written no metrics yet"
    return f"its metrics.jsonl was last written {quiet / 60:.0f} minutes ago"


def _read(handle: int) -> Owner | None:
    os.lseek(handle, 0, os.SEEK_SET)
    return Owner.from_json(os.read(handle, 4096).decode(errors="replace"))


def _write(handle: int, owner: Owner) -> None:
    os.ftruncate(handle, 0)
    os.lseek(handle, 0, os.SEEK_SET)
    os.write(handle, owner.to_json().encode())
    os.fsync(handle)


def _settle(handle: int, file: Path, mine: Owner) -> None:
    """If several processes took over a lock at the same time, the last one to write has it."""
    time.sleep(SETTLED)
    now = _read(handle)
    if now != mine:
        raise _busy(file, now)


def _is_at(handle: int, file: Path) -> bool:
    try:
        return os.path.samestat(os.fstat(handle), file.stat())
    except FileNotFoundError:
        return False


def _release(handle: int, file: Path) -> None:
    ours = _is_at(handle, file)
    if os.name == "nt":  # an open file cannot be removed there
        os.close(handle)
    with contextlib.suppress(OSError):
        if ours:
            file.unlink()
    if os.name != "nt":
        os.close(handle)


def _remove_empty(folders: list[Path]) -> None:
    for folder in folders:
        with contextlib.suppress(OSError):
            folder.rmdir()
