"""Files of `torch.save` and numpy, of unknown origin: no more memory is taken than they hold.

A zip archive may unpack to a thousand times its size, a tensor of any shape may stand on one value
(its strides are 0), and a header may name terabytes that are not there.
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
"""Bytes that an archive may unpack to, whatever its own size is."""
PACKED = 8
"""How many times its size it may unpack to beyond that; floats hardly shrink."""
PICKLED = 1 << 20
"""Likewise of its pickles, each byte of which is an operation."""
SHARED = 4
"""How many times the values of a file may be named: tied weights share theirs."""
PARSING = Lock()
"""Numpy parses headers with `ast`, which several threads at once make fail in Python before 3.11.9
and 3.12.3 ("AST constructor recursion depth mismatch", python/cpython#106905)."""

Array = NDArray[Any]


def load(file: Path) -> Any:
    """What `torch.save` wrote: tensors and plain containers, on the CPU; no code of it runs.

    Raises:
        UserError: it would take more memory, or time, than it holds bytes.
        Exception: torch's, of many kinds: damaged, or more than tensors.
    """
    # as a stream, because torch goes by a path's suffix, which may be wrong
    with warnings.catch_warnings(), file.open("rb") as stream:
        warnings.simplefilter("ignore")  # what they say, callers say in one line
        most = _unpacked(stream, file)
        content = torch.load(stream, map_location="cpu", weights_only=True)
    _check(content, most, file)
    return content


def arrays(file: Path) -> Array | dict[str, Array]:
    """What a `.npy` holds, read when its values are used, or all arrays of an `.npz`.

    Raises:
        UserError: it would take more memory than it holds bytes.
        Exception: numpy's and zipfile's, of many kinds: damaged, or no numbers.
    """
    with file.open("rb") as stream:
        packed = zipfile.is_zipfile(stream)
        if packed:
            _unpacked(stream, file)
    with PARSING:
        if not packed:
            # the file must be as long as its header says before it can be mapped
            mapped: Array = np.load(file, mmap_mode="r", allow_pickle=False)
            return mapped
        with np.load(file, allow_pickle=False) as archive:
            return dict(archive)


def _unpacked(stream: IO[bytes], file: Path) -> int:
    """The bytes that a file unpacks to, from its directory; its own size if it is not packed."""
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
            f"{size:,} bytes that unpack to {total:,}: no file of weights or mels does", at=file
        )
    return max(total, size)


def pickles_fit(archive: zipfile.ZipFile, stream: IO[bytes]) -> bool:
    """Whether the pickles of an archive are in proportion to the file that it is."""
    pickled = sum(e.file_size for e in archive.infolist() if e.filename.endswith(".pkl"))
    return pickled <= max(PACKED * os.fstat(stream.fileno()).st_size, PICKLED)


def _check(content: Any, most: int, file: Path) -> None:
    """Refuse tensors that are larger than what the file holds of them, alone or together."""
    storages: set[int] = set()
    named = held = 0
    for tensor in _tensors([content]):
        if tensor.layout != torch.strided or tensor.device.type != "cpu":
            raise UserError(
                f"holds a tensor on {tensor.device} of {tensor.layout}, not plain values", at=file
            )
        storage = tensor.untyped_storage()
        size = tensor.numel() * tensor.element_size()
        held += 0 if storage.data_ptr() in storages else storage.nbytes()
        storages.add(storage.data_ptr())
        named += size
        if size > storage.nbytes() or held > most + SLACK:
            shape = ", ".join(map(str, tensor.shape))
            raise UserError(f"holds a tensor ({shape}) with fewer values than its shape", at=file)
    if named > SHARED * most + SLACK:
        raise UserError(f"{most:,} bytes whose tensors take {named:,}", at=file)


def _tensors(content: Iterable[Any]) -> Iterator[Tensor]:
    """Every tensor in nested containers, each container once; no recursion, however deep."""
    seen: set[int] = set()
    left = list(content)
    while left:
        each = left.pop()
        if isinstance(each, Tensor):
            yield each
        elif isinstance(each, Mapping | list | tuple | set) and id(each) not in seen:
            seen.add(id(each))
            left.extend(each.values() if isinstance(each, Mapping) else each)
