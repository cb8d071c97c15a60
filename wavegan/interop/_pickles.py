"""What is inside a file of `torch.save`, told from its pickle's text without unpickling it."""

import pickletools
import warnings
import zipfile
from collections.abc import Iterator
from pathlib import Path
from typing import IO, Any

PICKLES_BEFORE_STORAGES = 4
"""Of torch before 1.6: a magic number, a version, the machine, and then what was saved."""


def texts(file: Path) -> frozenset[str]:
    """Every text in it: keys of dictionaries, thus names of weights. Empty for other files."""
    return frozenset(text for _, text in _operations(file) if isinstance(text, str))


def callables(file: Path) -> list[str]:
    """The classes and functions that unpickling it would call, such as "posix.system", sorted.

    Their names are the file's, so they are made fit to be shown: short, and printable.
    """
    found: set[str] = set()
    before: tuple[str, str] = ("", "")
    for name, argument in _operations(file):
        if name in ("GLOBAL", "INST"):
            found.add(str(argument).replace(" ", "."))
        elif name == "STACK_GLOBAL":
            found.add(".".join(part for part in before if part))
        elif isinstance(argument, str):
            before = (before[1], argument)
    return sorted({"".join(filter(str.isprintable, name))[:60] for name in found if name})


def _operations(file: Path) -> list[tuple[str, Any]]:
    found: list[tuple[str, Any]] = []
    try:
        with warnings.catch_warnings(), file.open("rb") as stream:
            warnings.simplefilter("ignore")
            for pickle in _pickles(stream):
                for operation, argument, _ in pickletools.genops(pickle):
                    found.append((operation.name, argument))
    except Exception:
        # The bytes are anyone's, and damaged ones make pickletools and zipfile raise anything.
        return found
    return found


def _pickles(stream: IO[bytes]) -> Iterator[IO[bytes]]:
    if not zipfile.is_zipfile(stream):
        stream.seek(0)
        yield from [stream] * PICKLES_BEFORE_STORAGES
        return
    with zipfile.ZipFile(stream) as archive:
        name = next((name for name in archive.namelist() if name.endswith("/data.pkl")), None)
        if name is not None:
            with archive.open(name) as pickle:
                yield pickle
