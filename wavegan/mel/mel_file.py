"""Read mel files in `.npy`, `.npz` and `.pt` format, as TTS systems write them."""

from collections.abc import Iterator, Mapping
from pathlib import Path
from pickle import UnpicklingError
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from wavegan import json_file, tensor_file
from wavegan.audio.opening import shown
from wavegan.errors import UserError
from wavegan.mel.layout import Layout, Orientation, of_square

SUFFIXES = (".npy", ".npz", ".pt", ".pth")
NUMBERS = "fiu"
"""Numpy's kinds of real numbers."""

BLOCK = 1 << 12
"""Frames per block of a long spectrogram."""

Array = NDArray[Any]


def read(
    path: Path,
    n_mels: int,
    layout: Layout = "frames_last",
    *,
    start: int = 0,
    frames: int | None = None,
) -> Tensor:
    """Read one log-mel spectrogram or a part of it; no code in the file is run.

    Args:
        path: a `.npy` array, or an `.npz` or `.pt` with one array or one called `mel`.
        n_mels: expected number of bands; distinguishes `(n_mels, L)` from `(L, n_mels)`.
        layout: the axis order of a square whose values are not clear (see `layout.py`).
        start: first frame.
        frames: number of frames; None: all. From a `.npy` only these are read.

    Returns:
        `(n_mels, L)` float32, with fewer than `frames` frames if the file ends first.

    Raises:
        UserError: the file cannot be read or does not fit; names the file and the problem.
    """
    end = None if frames is None else start + frames
    part = mapped(path, n_mels, layout)[:, start:end]
    return torch.from_numpy(np.array(part, dtype=np.float32, order="C"))


def load_raw(path: Path) -> Tensor:
    """Read the spectrogram of a file as it is, (n_mels, L) or (L, n_mels), float32.

    Raises:
        UserError: the file cannot be read; names the file and the problem.
    """
    array, shape = _array(path)
    if array.ndim != 2 or not array.size:
        raise UserError(
            f"it holds an array of shape {shape}: give one spectrogram with two axes",
            at=shown(path),
        )
    return torch.from_numpy(np.array(array, dtype=np.float32, order="C"))


def mapped(path: Path, n_mels: int, layout: Layout = "frames_last") -> Array:
    """The spectrogram `(n_mels, L)` of a file; a `.npy` is memory-mapped.

    Raises:
        UserError: as `read`.
    """
    return oriented(path, n_mels, layout)[0]


def oriented(path: Path, n_mels: int, layout: Layout = "frames_last") -> tuple[Array, Orientation]:
    """The result of `mapped`, and the axis order in the file.

    Raises:
        UserError: as `read`.
    """
    array, shape = _array(path)
    if array.ndim != 2 or n_mels not in array.shape:
        raise UserError(
            f"it holds an array of shape {shape}, but the model takes ({n_mels}, frames)",
            at=shown(path),
        )
    orientation = _orientation(array, n_mels, layout)
    return array.T if orientation.turned else array, orientation


def blocks(path: Path, n_mels: int, layout: Layout = "frames_last") -> Iterator[Tensor]:
    """Read the spectrogram in blocks `(n_mels, L')` float32; a `.npy` takes no more memory.

    Raises:
        UserError: as `read`.
    """
    values = mapped(path, n_mels, layout)
    for start in range(0, values.shape[1], BLOCK):
        yield torch.from_numpy(values[:, start : start + BLOCK].astype(np.float32, order="C"))
        if isinstance(values, np.memmap):
            # pages of a memory map stay in memory until it is closed
            del values
            values = mapped(path, n_mels, layout)


def _orientation(array: Array, n_mels: int, layout: Layout) -> Orientation:
    if array.shape[0] == array.shape[1]:
        return of_square(torch.from_numpy(np.array(array, dtype=np.float32)), layout)
    return Orientation(turned=array.shape[0] != n_mels)


def _array(path: Path) -> tuple[Array, tuple[int, ...]]:
    """The array of a file without leading axes of length 1, and its original shape."""
    if not path.is_file():
        raise UserError("no such file", at=shown(path))
    array = _pick(_load(path), path)
    shape = array.shape
    while array.ndim > 2 and array.shape[0] == 1:
        array = array[0]
    return array, shape


def _load(path: Path) -> Any:
    try:
        if path.suffix.lower() in (".pt", ".pth"):
            return tensor_file.load(path)
        return tensor_file.arrays(path)
    except UserError:
        raise
    except UnpicklingError:
        raise UserError(
            "not a readable array file: it is damaged or holds more than arrays; save only the mel",
            at=shown(path),
        ) from None
    except Exception as error:  # zip, pickle and header errors share no base class
        reason = " ".join(str(error).split())[:120]
        raise UserError(
            f"not a readable array file ({reason}); save it again", at=shown(path)
        ) from None


def _plain(tensor: Tensor, path: Path) -> Array:
    """A tensor as a float32 array; numpy has no bfloat16.

    Raises:
        UserError: it does not hold plain real numbers.
    """
    if tensor.is_complex() or tensor.is_quantized or tensor.layout != torch.strided:
        raise UserError(f"it holds a tensor of {tensor.dtype}: save real numbers", at=shown(path))
    array: Array = tensor.detach().float().numpy()
    return array


def _pick(loaded: Any, path: Path) -> Array:
    if isinstance(loaded, Mapping):
        arrays = {k: v for k, v in loaded.items() if isinstance(v, np.ndarray | Tensor)}
        if "mel" not in arrays and len(arrays) != 1:
            keys = (
                ", ".join(json_file.shown(key).strip("'") for key in list(loaded)[:5]) or "nothing"
            )
            raise UserError(f"it holds {keys}; name the array 'mel'", at=shown(path))
        loaded = arrays["mel"] if "mel" in arrays else next(iter(arrays.values()))
    if isinstance(loaded, Tensor):
        loaded = _plain(loaded, path)
    if not isinstance(loaded, np.ndarray):
        raise UserError(
            f"it holds a {type(loaded).__name__}, not an array; save only the mel", at=shown(path)
        )
    if loaded.dtype.kind not in NUMBERS:
        raise UserError(f"it holds {loaded.dtype} values; save real numbers", at=shown(path))
    return loaded
