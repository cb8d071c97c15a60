"""Read untrusted files of `torch.save` and numpy without running code, in bounded memory.

A zip archive may unpack to a thousand times its size, a tensor of any shape may repeat one value
(its strides are 0), and a header may announce terabytes that the file does not have.
"""

import os
import warnings
import zipfile
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path
from threading import Lock
from typing import IO, Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from wavegan.errors import UserError

SLACK = 1 << 26
"""Bytes that any archive may unpack to."""
PACKED = 8
"""Larger archives may unpack to this many times their size; floats hardly compress."""
PICKLED = 1 << 20
"""Bytes that the pickles of any archive may have; each byte is an operation."""
SHARED = 4
"""How many times the tensors together may exceed the file: tied weights share their values."""
PARSING = Lock()
"""Numpy parses headers with `ast`, which fails if several threads use it together in Python before
3.11.9 and 3.12.3 ("AST constructor recursion depth mismatch", python/cpython#106905)."""

Array = NDArray[Any]


def load(file: Path) -> Any:
    """Read a `torch.save` file: tensors and plain containers, on the CPU; runs no code from it.

    Raises:
        UserError: it would take too much memory or time for its size.
        Exception: of many types, from torch: the file is damaged, or holds more than tensors.
    """
    # as a stream, because torch uses the suffix of a path, which may be wrong
    with warnings.catch_warnings(), file.open("rb") as stream:
        warnings.simplefilter("ignore")  # callers report the same in one line
        most = _unpacked(stream, file)
        content = torch.load(stream, map_location="cpu", weights_only=True)
    _check(content, most, file)
    return content


def arrays(file: Path) -> Array | dict[str, Array]:
    """Read a `.npy` file (memory-mapped), or all arrays of an `.npz` file.

    Raises:
        UserError: it would take too much memory for its size.
        Exception: of many types, from numpy and zipfile: the file is damaged, or holds no numbers.
    """
    with file.open("rb") as stream:
        packed = zipfile.is_zipfile(stream)
        if packed:
            _unpacked(stream, file)
    with PARSING:
        if not packed:
            # memory mapping fails if the file is shorter than its header says
            mapped: Array = np.load(file, mmap_mode="r", allow_pickle=False)
            return mapped
        with np.load(file, allow_pickle=False) as archive:
            return dict(archive)


def _unpacked(stream: IO[bytes], file: Path) -> int:
    """The unpacked size of an archive from its directory; the file size of any other file."""
    size = os.fstat(stream.fileno()).st_size
    if not zipfile.is_zipfile(stream):
        stream.seek(0)
        return size
    with zipfile.ZipFile(stream) as archive:
        total = sum(entry.file_size for entry in archive.infolist())
        fits = pickles_fit(archive, stream)
    stream.seek(0)
    if total > max(PACKED * size, SLACK) or not fits:
        raise UserError(
            f"{size:,} bytes unpack to {total:,} bytes, which no file of weights or mels does",
            at=file,
        )
    return max(total, size)


def pickles_fit(archive: zipfile.ZipFile, stream: IO[bytes]) -> bool:
    """Whether the pickles of an archive are small enough for the size of its file."""
    pickled = sum(e.file_size for e in archive.infolist() if e.filename.endswith(".pkl"))
    return pickled <= max(PACKED * os.fstat(stream.fileno()).st_size, PICKLED)


def _check(content: Any, most: int, file: Path) -> None:
    """Refuse tensors that are larger than their values in the file, alone or together."""
    storages: set[int] = set()
    named = held = 0
    for tensor in _tensors([content]):
        if tensor.layout != torch.strided or tensor.device.type != "cpu":
            raise UserError(
                f"a tensor is on {tensor.device} with {tensor.layout}: save plain CPU tensors",
                at=file,
            )
        storage = tensor.untyped_storage()
        size = tensor.numel() * tensor.element_size()
        held += 0 if storage.data_ptr() in storages else storage.nbytes()
        storages.add(storage.data_ptr())
        named += size
        if size > storage.nbytes() or held > most + SLACK:
            shape = ", ".join(map(str, tensor.shape))
            raise UserError(f"a tensor ({shape}) has fewer values than its shape needs", at=file)
    if named > SHARED * most + SLACK:
        raise UserError(
            f"its tensors take {named:,} bytes, but the file has only {most:,}", at=file
        )


def _tensors(content: Iterable[Any]) -> Iterator[Tensor]:
    """Every tensor in nested containers, each container once, without recursion."""
    seen: set[int] = set()
    left = list(content)
    while left:
        each = left.pop()
        if isinstance(each, Tensor):
            yield each
        elif isinstance(each, Mapping | list | tuple | set) and id(each) not in seen:
            seen.add(id(each))
            left.extend(each.values() if isinstance(each, Mapping) else each)
