"""Atomic writes: a file or folder appears complete or not at all, even after a crash.

Files get the permissions that the umask gives to new files, so a group that may read the folder
may read the files.
"""

import contextlib
import os
import secrets
import shutil
from collections.abc import Iterable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from torch import Tensor


@contextlib.contextmanager
def folder(path: Path) -> Iterator[Path]:
    """Fill a folder that appears complete or not at all.

    Yields a temporary folder next to `path`. On success it is synced to disk and replaces `path`.
    On an exception it is removed and `path` stays as it was.
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


@contextlib.contextmanager
def files(paths: Sequence[Path]) -> Iterator[list[Path]]:
    """Write several files of one folder that appear once all of them are complete.

    Yields paths of the same names in a temporary folder next to them. On success the files are
    synced to disk and replace `paths`, the first one last. On an exception nothing changes.
    """
    folder = paths[0].parent
    folder.mkdir(parents=True, exist_ok=True)
    temporary = _beside(paths[0])
    temporary.mkdir()
    try:
        yield [temporary / path.name for path in paths]
        for path in paths:
            _sync(temporary / path.name)
        for path in reversed(paths):
            os.replace(temporary / path.name, path)
        _sync(folder)
    finally:
        shutil.rmtree(temporary, ignore_errors=True)


def text(path: Path, content: str) -> None:
    """Write a text file atomically."""
    data(path, [content.encode("utf-8")])


def data(path: Path, pieces: Iterable[bytes]) -> None:
    """Write a file atomically, piece by piece; the pieces may be read from the old file."""
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
    """Write a safetensors file atomically.

    Args:
        path: the file; its folder exists.
        weights: tensors by name; each is contiguous and shares no memory with another.
    """
    from safetensors.torch import save, save_file

    temporary = _beside(path)
    try:
        temporary.touch()
        # safetensors creates a new file there that only its owner may read
        mode = temporary.stat().st_mode
        if str(temporary).isprintable():
            save_file(dict(weights), temporary)
        else:  # safetensors accepts only UTF-8 file names
            temporary.write_bytes(save(dict(weights)))
        temporary.chmod(mode & 0o777)
        _sync(temporary)
        os.replace(temporary, path)
    finally:
        temporary.unlink(missing_ok=True)


def settle(folder: Path) -> int:
    """Remove temporary files that killed writers left in a folder; returns how many.

    A folder that was moved aside to be replaced when its writer died is moved back. Call this only
    while nothing else writes to the folder.
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
    """A unique hidden name next to `path`."""
    return path.with_name(f".{path.name}{_TEMPORARY}{secrets.token_hex(4)}")


def _sync(path: Path) -> None:
    if path.is_dir() and os.name == "nt":
        return  # Windows cannot open a directory to sync it
    handle = os.open(path, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)
