"""One training in a run's folder: `run.lock` says which process on which host, and since when.

The kernel keeps the lock for as long as the process lives, so a killed one leaves a file but no
lock, and a process number that is given again deceives nobody. Where a file system knows no locks,
the file's exclusive creation, and its process's number and start, take their place. A lock of
another host is believed: whether it still holds cannot be seen from here.
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
"""Seconds after which a lock that is read back is seen by all, where the kernel keeps none."""

Note = Callable[[str], None]


@contextlib.contextmanager
def hold(run: Path, note: Note) -> Iterator[None]:
    """Have the run's folder to oneself; it is made where it is missing, and goes again if unused.

    Args:
        run: the run's folder.
        note: is told of a lock that a dead process left.

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
                os.close(handle)  # who held it has just left, and taken the file along
                continue
            previous = None if fresh else _judge(handle, file, held)
            mine = Owner.here()
            _write(handle, mine)
            if held is None and not fresh:
                _settle(handle, file, mine)
        except BaseException:
            os.close(handle)
            raise
        if previous is not None:
            note(f"{file.parent}: {previous}; its lock is taken over")
        return handle


def _open(file: Path) -> tuple[int, bool]:
    """The open file, and whether it was not there before."""
    try:
        return os.open(file, os.O_RDWR | os.O_CREAT | os.O_EXCL, 0o666), True
    except FileExistsError:
        return os.open(file, os.O_RDWR | os.O_CREAT, 0o666), False


def _judge(handle: int, file: Path, held: bool | None) -> str:
    """What became of the lock's former owner.

    Args:
        handle: of the lock's file.
        file: its path.
        held: whether the kernel gave us its lock; None: it keeps none on this file system.

    Raises:
        UserError: it lives, or may live.
    """
    owner = _read(handle)
    if held is None and owner is None:
        time.sleep(SETTLED)  # it may have been made a moment ago, by one that is about to write
        owner = _read(handle)
    if held is False:
        raise _busy(file, owner)
    if owner is None:
        return f"{LOCK} is empty or damaged, and nobody holds it"
    lives = owner.lives() if held is None else owner.is_me()
    if lives is None or not owner.can_be_seen():
        raise UserError(
            f"{file.parent}: {owner} trains here, says {LOCK}, and from {Owner.here().host} it "
            f"cannot be seen whether it still does ({_last_sign(file.parent)}); if it does not, "
            f"remove {file}"
        )
    if lives:
        raise _busy(file, owner)
    return f"{owner} ended without leaving"


def _busy(file: Path, owner: Owner | None) -> UserError:
    who = str(owner) if owner else "another process"
    stop = f"stop it (kill {owner.pid}: it saves)" if owner else "stop it"
    return UserError(
        f"{file.parent}: {who} trains here: wait for its end, {stop}, or choose another folder"
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
    """Of several that took a dead process's lock at once, the last to write has it."""
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
