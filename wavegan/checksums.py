"""Detect damaged files: their sizes and CRC-32s are listed in `checksums.json` next to them.

CRC-32 finds damage by a disk, a copy or a crash. It does not protect against somebody who changes
both a file and its checksum.
"""

import json
import time
import zlib
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path, PurePosixPath

from pydantic import BaseModel, ConfigDict, Field

from wavegan import json_file
from wavegan.errors import UserError

NAME = "checksums.json"
FORMAT = 1
BLOCK = 1 << 20
AT_ONCE = 1 << 20
"""Bytes. A smaller file is checked directly: that is faster than starting a thread."""
REMEMBERED = 4096
"""How many checksums a process caches."""
SETTLED = 2 * 10**9
"""Nanoseconds. The checksum of a file younger than this is not cached: the file may change within
one tick of the file system's clock and keep its time stamp."""
FOR_PEOPLE = ".md"
"""Files that only people read, and may edit, are not listed."""


class DamageError(UserError):
    """A file is not as it was written: it is cut, changed or missing."""


class Listed(BaseModel):
    """One file's entry in `checksums.json`.

    Attributes:
        bytes: its size.
        crc32: its checksum, eight hexadecimal digits.
        may_go: whether the file may be removed later to save space.
    """

    model_config = ConfigDict(strict=True)

    bytes: int = Field(ge=0)
    crc32: str = Field(pattern="^[0-9a-f]{8}$")
    may_go: bool = False


class _List(BaseModel):
    files: dict[str, Listed]


def write(folder: Path, may_go: Collection[str] = ()) -> None:
    """List every file under a folder in its `checksums.json`, except texts for people (`.md`).

    Args:
        folder: a folder whose files are complete.
        may_go: files that may be removed later, relative to the folder.
    """
    files = (file for file in sorted(folder.rglob("*")) if file.is_file() and file.name != NAME)
    listed = {}
    for file in files:
        name = file.relative_to(folder).as_posix()
        if file.suffix != FOR_PEOPLE:
            facts = {"bytes": file.stat().st_size, "crc32": crc32(file)}
            listed[name] = facts | ({"may_go": True} if name in may_go else {})
    text = json.dumps({"format": FORMAT, "files": listed}, indent=1) + "\n"
    (folder / NAME).write_text(text, encoding="utf-8")


def check(folder: Path, names: Iterable[str] | None = None) -> bool:
    """Compare files with their entries in `checksums.json`.

    Args:
        folder: the folder of `checksums.json`.
        names: files to check, relative to the folder; None: all that are listed. Names that are not
            listed are ignored.

    Returns:
        False if there is no list: an older checkpoint, or another project's files.

    Raises:
        DamageError: names the first damaged file, or the list if that is damaged.
    """
    listed = _read(folder / NAME)
    if listed is None:
        return False
    for name in listed if names is None else names:
        if name in listed:
            _compare(folder, name, listed[name])
    return True


@contextmanager
def meanwhile(folder: Path, names: Iterable[str]) -> Iterator[None]:
    """Check files in the background while the body of this context uses them.

    Sizes and small files are checked first, large files in a thread. Damage replaces any other
    exception, which it may have caused.

    Args:
        folder: the folder of `checksums.json`; if there is none, nothing is checked.
        names: as in `check`.

    Raises:
        DamageError: as in `check`.
    """
    listed = _read(folder / NAME) or {}
    known = {name: listed[name] for name in names if name in listed}
    for name, facts in known.items():
        _compare_size(folder, name, facts)
    later = {name: facts for name, facts in known.items() if _is_large(folder / name)}
    for name in known.keys() - later.keys():
        _compare_content(folder, name, known[name])
    if not later:
        yield
        return
    finish = _begin(folder, later)
    try:
        yield
    except Exception:
        finish()
        raise
    finish()


def _is_large(file: Path) -> bool:
    return file.exists() and file.stat().st_size > AT_ONCE and _status(file) not in _remembered


def _begin(folder: Path, files: Mapping[str, Listed]) -> Callable[[], None]:
    """Start to compare contents in a thread; returns a function that waits for it and raises."""
    # imported here: commands that must start quickly import this module
    from concurrent.futures import ThreadPoolExecutor

    def compare() -> None:
        for name, facts in files.items():
            _compare_content(folder, name, facts)

    def finish() -> None:
        if comparison.cancel():
            compare()
        else:
            comparison.result()

    pool = ThreadPoolExecutor(1, thread_name_prefix="checksums")
    comparison = pool.submit(compare)
    # do not wait for the thread to end: on a busy machine that takes longer than the comparison
    pool.shutdown(wait=False)
    return finish


def crc32(file: Path) -> str:
    """The checksum of a file's content, eight hexadecimal digits.

    It is cached until the file changes.
    """
    status, now = _status(file), time.time_ns()
    if status in _remembered:
        return _remembered[status]
    found = _crc32(file)
    if now - max(status[-2:]) > SETTLED:
        if len(_remembered) >= REMEMBERED:
            _remembered.clear()
        _remembered[status] = found
    return found


_remembered: dict[tuple[int, ...], str] = {}


def _status(file: Path) -> tuple[int, ...]:
    """Identifies a file and its state; the two times of change come last."""
    s = file.stat()
    return s.st_dev, s.st_ino, s.st_size, s.st_mtime_ns, s.st_ctime_ns


def _crc32(file: Path) -> str:
    value, block = 0, memoryview(bytearray(BLOCK))
    with file.open("rb", buffering=0) as stream:
        while size := stream.readinto(block):
            value = zlib.crc32(block[:size], value)
    return f"{value:08x}"


def _read(file: Path) -> dict[str, Listed] | None:
    if not file.is_file():
        return None
    try:
        listed = json_file.read(file, _List).files
    except UserError:
        raise DamageError(f"{file}: damaged: it is not a list of checksums") from None
    for name in listed:
        path = PurePosixPath(name)
        if path.is_absolute() or ".." in path.parts or not name.isprintable():
            raise DamageError(f"{file}: damaged: it lists {name!r}, which is outside its folder")
    return listed


def _compare(folder: Path, name: str, facts: Listed) -> None:
    _compare_size(folder, name, facts)
    _compare_content(folder, name, facts)


def _compare_size(folder: Path, name: str, facts: Listed) -> None:
    file = folder / name
    if not file.is_file():
        if facts.may_go and not file.exists():
            return
        raise DamageError(f"{file}: damaged: the file is missing")
    size = file.stat().st_size
    if size != facts.bytes:
        raise DamageError(f"{file}: damaged: it has {size:,} bytes instead of {facts.bytes:,}")


def _compare_content(folder: Path, name: str, facts: Listed) -> None:
    file = folder / name
    if facts.may_go and not file.exists():
        return
    if (found := crc32(file)) != facts.crc32:
        raise DamageError(
            f"{file}: damaged: its checksum is {found} instead of {facts.crc32} (if you changed "
            f"the file yourself, remove {folder / NAME})"
        )
