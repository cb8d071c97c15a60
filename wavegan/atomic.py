"""Writing whole or not at all: a reader, or a crash, never meets a half-written file or folder.

What is written has the permissions that the umask gives to new files: a group that may read the
folder may read the files.
"""

import contextlib
import os
import secrets
import shutil
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from torch import Tensor


@contextlib.contextmanager
def folder(path: Path) -> Iterator[Path]:
    """Fill a folder that appears whole or not at all.

    Yields a temporary sibling; on success it is synced to disk and takes the place of `path`, on
    an exception it is removed and what was at `path` stays.
    """
    path.parent.mkdir(parents=True, exist_ok=True)
    temporary = _beside(path)
    temporary.mkdir()
    old = temporary.with_name(f"{temporary.name}.old")
    try:
        yield temporary
        for file in temporary.rglob("*"):
            if file.is_file():
                _sync(file)
        if path.exists():
            os.replace(path, old)
        os.replace(temporary, path)
        _sync(path.parent)
    finally:
        if old.exists() and not path.exists():
            os.replace(old, path)
        shutil.rmtree(old, ignore_errors=True)
        shutil.rmtree(temporary, ignore_errors=True)


def text(path: Path, content: str) -> None:
    """Write a text file whole or not at all."""
    data(path, [content.encode("utf-8")])


def data(path: Path, pieces: Iterable[bytes]) -> None:
    """Write a file whole or not at all, a piece at a time; they may be read from the old one."""
    temporary = _beside(path)
    try:
        with temporary.open("xb") as stream:
            stream.writelines(pieces)
            stream.flush()
            os.fsync(stream.fileno())
        os.replace(temporary, path)
    finally:
        temporary.unlink(missing_ok=True)


def tensors(path: Path, weights: Mapping[str, "Tensor"]) -> None:
    """Write a safetensors file whole or not at all.

    Args:
        path: the file; its folder exists.
        weights: by name; each is contiguous and shares memory with no other.
    """
    from safetensors.torch import save, save_file

    temporary = _beside(path)
    try:
        temporary.touch()
        # safetensors puts a file of its own there, which nobody but its owner may read
        mode = temporary.stat().st_mode
        if str(temporary).isprintable():
            save_file(dict(weights), temporary)
        else:  # safetensors takes names in UTF-8 alone
            temporary.write_bytes(save(dict(weights)))
        temporary.chmod(mode & 0o777)
        _sync(temporary)
        os.replace(temporary, path)
    finally:
        temporary.unlink(missing_ok=True)


def settle(folder: Path) -> int:
    """Clear a folder of what writers that were killed have left; returns how many leftovers.

    A folder that was to be replaced, and was put aside when its writer died, is put back. Call it
    only where nobody else is writing.
    """
    left = [entry for entry in folder.glob(".*.*") if _TEMPORARY in entry.name]
    for entry in left:
        target = folder / entry.name[1:].partition(_TEMPORARY)[0]
        if entry.suffix == ".old" and not target.exists():
            os.replace(entry, target)
        elif entry.is_dir():
            shutil.rmtree(entry, ignore_errors=True)
        else:
            entry.unlink(missing_ok=True)
    return len(left)


_TEMPORARY = ".part-"


def _beside(path: Path) -> Path:
    """A hidden name that nobody has, next to the one to be written."""
    return path.with_name(f".{path.name}{_TEMPORARY}{secrets.token_hex(4)}")


def _sync(path: Path) -> None:
    if path.is_dir() and os.name == "nt":
        return  # Windows cannot open a directory to sync it
    handle = os.open(path, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)
