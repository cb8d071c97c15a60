"""Whether files are those that were written: their sizes and CRC-32s, in a list beside them.

CRC-32 finds what a disk, a copy or a crash does to a file. It is no defence against somebody who
changes a file on purpose and its checksum too.
"""

import json
import zlib
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

from wavegan.errors import UserError

NAME = "checksums.json"
FORMAT = 1
BLOCK = 1 << 22


class DamageError(UserError):
    """A file is not what was written: cut, changed or gone."""


def write(folder: Path) -> None:
    """List every file under a folder in its `checksums.json`."""
    files = (file for file in sorted(folder.rglob("*")) if file.is_file() and file.name != NAME)
    listed = {
        file.relative_to(folder).as_posix(): {"bytes": file.stat().st_size, "crc32": crc32(file)}
        for file in files
    }
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
            _compare(folder / name, listed[name])
    return True


def crc32(file: Path) -> str:
    """The checksum of a file's content, eight hexadecimal digits."""
    value = 0
    with file.open("rb") as stream:
        while block := stream.read(BLOCK):
            value = zlib.crc32(block, value)
    return f"{value:08x}"


def _read(file: Path) -> dict[str, Mapping[str, Any]] | None:
    try:
        content = json.loads(file.read_bytes())
        listed: dict[str, Mapping[str, Any]] = {
            str(name): dict(facts) for name, facts in content["files"].items()
        }
        if any(not isinstance(f["bytes"], int) or len(f["crc32"]) != 8 for f in listed.values()):
            raise ValueError
    except FileNotFoundError:
        return None
    except (ValueError, TypeError, KeyError, AttributeError, RecursionError):
        raise DamageError(f"{file}: damaged: it is no list of checksums") from None
    return listed


def _compare(file: Path, facts: Mapping[str, Any]) -> None:
    try:
        size = file.stat().st_size
        if size != facts["bytes"]:
            raise DamageError(f"{file}: damaged: {size:,} bytes, {facts['bytes']:,} were written")
        if (found := crc32(file)) != facts["crc32"]:
            raise DamageError(
                f"{file}: damaged: its checksum is {found}, {facts['crc32']} was written"
            )
    except FileNotFoundError:
        raise DamageError(f"{file}: damaged: the file is gone") from None
