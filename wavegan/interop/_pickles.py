"""What is inside a file of `torch.save`, told from its pickle's text without unpickling it."""

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
"""Of torch before 1.6: a magic number, a version, the machine, and then what was saved."""
OPERATIONS = 1_000_000
"""Of each pickle; weights take thirty a tensor. What comes after them is not told."""


class _Told(NamedTuple):
    texts: frozenset[str]
    callables: tuple[str, ...]


def texts(file: Path) -> frozenset[str]:
    """Every text in it: keys of dictionaries, thus names of weights. Empty for other files."""
    return _told(file).texts


def callables(file: Path) -> list[str]:
    """The classes and functions that unpickling it would call, such as "posix.system", sorted.

    Their names are the file's, so they are made fit to be shown: short, and printable.
    """
    return list(_told(file).callables)


def _told(file: Path) -> _Told:
    try:
        status = file.stat()
    except OSError:
        return _Told(frozenset(), ())
    return _read(file, (status.st_ino, status.st_size, status.st_mtime_ns, status.st_ctime_ns))


@lru_cache(maxsize=32)
def _read(file: Path, _status: tuple[int, ...]) -> _Told:
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
    return _Told(frozenset(every), tuple(shown))


def _operations(file: Path) -> Iterator[tuple[str, Any]]:
    try:
        with warnings.catch_warnings(), file.open("rb") as stream:
            warnings.simplefilter("ignore")
            for pickle in _pickles(stream):
                for operation, argument, _ in islice(pickletools.genops(pickle), OPERATIONS):
                    yield operation.name, argument
    except Exception:
        # The bytes are anyone's, and damaged ones make pickletools and zipfile raise anything.
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
