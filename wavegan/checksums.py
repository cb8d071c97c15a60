"""Whether files are those that were written: their sizes and CRC-32s, in a list beside them.

CRC-32 finds what a disk, a copy or a crash does to a file. It is no defence against somebody who
changes a file on purpose and its checksum too.
"""

import json
import zlib
from collections.abc import Collection, Iterable
from pathlib import Path, PurePosixPath

from pydantic import BaseModel, ConfigDict, Field

from wavegan import json_file
from wavegan.errors import UserError

NAME = "checksums.json"
FORMAT = 1
BLOCK = 1 << 22
FOR_PEOPLE = ".md"
"""Files that no program reads, and that people write on in, are not listed."""


class DamageError(UserError):
    """A file is not what was written: cut, changed or gone."""


class Listed(BaseModel):
    """What was written of a file.

    Attributes:
        bytes: its size.
        crc32: its checksum, eight hexadecimal digits.
        may_go: whether it may be removed later, to save space.
    """

    model_config = ConfigDict(strict=True)

    bytes: int = Field(ge=0)
    crc32: str = Field(pattern="^[0-9a-f]{8}$")
    may_go: bool = False


class _List(BaseModel):
    files: dict[str, Listed]


def write(folder: Path, may_go: Collection[str] = ()) -> None:
    """List every file under a folder in its `checksums.json`, but for texts for people (`.md`).

    Args:
        folder: what is in it is complete.
        may_go: names, relative to it, of files that may be removed later.
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
    """Compare files with what is listed.

    Args:
        folder: holds `checksums.json`.
        names: of the files to read, relative to it; None is all that are listed. A name that is not
            listed is passed over.

    Returns:
        False where there is no list: an older checkpoint, or another project's files.

    Raises:
        DamageError: names the first file that is not as listed, or the list where it is damaged.
    """
    listed = _read(folder / NAME)
    if listed is None:
        return False
    for name in listed if names is None else names:
        if name in listed:
            _compare(folder, name, listed[name])
    return True


def crc32(file: Path) -> str:
    """The checksum of a file's content, eight hexadecimal digits."""
    value = 0
    with file.open("rb") as stream:
        while block := stream.read(BLOCK):
            value = zlib.crc32(block, value)
    return f"{value:08x}"


def _read(file: Path) -> dict[str, Listed] | None:
    if not file.is_file():
        return None
    try:
        listed = json_file.read(file, _List).files
    except UserError:
        raise DamageError(f"{file}: damaged: it is no list of checksums") from None
    for name in listed:
        path = PurePosixPath(name)
        if path.is_absolute() or ".." in path.parts or not name.isprintable():
            raise DamageError(f"{file}: damaged: it lists {name!r}, which is not beside it")
    return listed


def _compare(folder: Path, name: str, facts: Listed) -> None:
    file = folder / name
    if not file.is_file():
        if facts.may_go and not file.exists():
            return
        raise DamageError(f"{file}: damaged: the file is gone")
    size = file.stat().st_size
    if size != facts.bytes:
        raise DamageError(f"{file}: damaged: {size:,} bytes, {facts.bytes:,} were written")
    if (found := crc32(file)) != facts.crc32:
        raise DamageError(
            f"{file}: damaged: its checksum is {found}, {facts.crc32} was written (if you changed "
            f"the file yourself, remove {folder / NAME})"
        )
