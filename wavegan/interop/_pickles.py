"""Find names and callables in a file of `torch.save` without unpickling it."""

import pickletools
import warnings
import zipfile
from collections.abc import Iterator
from functools import lru_cache
from itertools import islice
from pathlib import Path
from typing import IO, Any, NamedTuple

from wavegan import tensor_file

PICKLES_BEFORE_STORAGES = 4
"""Pickles of torch before 1.6: a magic number, a version, the machine, and the saved object."""
OPERATIONS = 1_000_000
"""Most operations to read of each pickle; weights take thirty per tensor."""


class _Names(NamedTuple):
    texts: frozenset[str]
    callables: tuple[str, ...]


def texts(file: Path) -> frozenset[str]:
    """All strings in it, among them the names of weights. Empty for other files."""
    return _names(file).texts


def callables(file: Path) -> list[str]:
    """The classes and functions that unpickling it would call, such as "posix.system", sorted.

    The names are untrusted, so they are shortened and made printable.
    """
    return list(_names(file).callables)


def _names(file: Path) -> _Names:
    try:
        status = file.stat()
    except OSError:
        return _Names(frozenset(), ())
    return _read(file, (status.st_ino, status.st_size, status.st_mtime_ns, status.st_ctime_ns))


@lru_cache(maxsize=32)
def _read(file: Path, _status: tuple[int, ...]) -> _Names:
    found: set[str] = set()
    every: set[str] = set()
    before: tuple[str, str] = ("", "")
    for name, argument in _operations(file):
        if isinstance(argument, str):
            every.add(argument)
        if name in ("GLOBAL", "INST"):
            found.add(str(argument).replace(" ", "."))
        elif name == "STACK_GLOBAL":
            found.add(".".join(part for part in before if part))
        elif isinstance(argument, str):
            before = (before[1], argument)
    shown = sorted({"".join(filter(str.isprintable, name))[:60] for name in found if name})
    return _Names(frozenset(every), tuple(shown))


def _operations(file: Path) -> Iterator[tuple[str, Any]]:
    try:
        with warnings.catch_warnings(), file.open("rb") as stream:
            warnings.simplefilter("ignore")
            for pickle in _pickles(stream):
                for operation, argument, _ in islice(pickletools.genops(pickle), OPERATIONS):
                    yield operation.name, argument
    except Exception:
        # The bytes are untrusted: pickletools and zipfile raise any exception for damaged ones.
        return


def _pickles(stream: IO[bytes]) -> Iterator[IO[bytes]]:
    if not zipfile.is_zipfile(stream):
        stream.seek(0)
        yield from [stream] * PICKLES_BEFORE_STORAGES
        return
    with zipfile.ZipFile(stream) as archive:
        name = next((name for name in archive.namelist() if name.endswith("/data.pkl")), None)
        if name is not None and tensor_file.pickles_fit(archive, stream):
            with archive.open(name) as pickle:
                yield pickle
