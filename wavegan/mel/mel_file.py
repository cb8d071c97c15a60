"""Mel spectrograms from files that TTS systems write: `.npy`, `.npz`, `.pt`."""

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
"""Kinds of numpy types that are real numbers."""

BLOCK = 1 << 12
"""Frames that are read at once where a spectrogram is long."""

Array = NDArray[Any]


def read(
    path: Path,
    n_mels: int,
    layout: Layout = "frames_last",
    *,
    start: int = 0,
    frames: int | None = None,
) -> Tensor:
    """Read one log-mel spectrogram or a part of it; nothing in the file is executed.

    Args:
        path: a `.npy` array, an `.npz` or `.pt` with one array or one called `mel`.
        n_mels: bands expected; tells `(n_mels, L)` from `(L, n_mels)`.
        layout: which of the two a square is, where its values do not tell (see `layout`).
        start: first frame.
        frames: how many; None is all there are. Of a `.npy` only these are read.

    Returns:
        `(n_mels, L)` float32, shorter than `frames` where the file ends.

    Raises:
        UserError: names the file and what is wrong with it.
    """
    end = None if frames is None else start + frames
    part = mapped(path, n_mels, layout)[:, start:end]
    return torch.from_numpy(np.array(part, dtype=np.float32, order="C"))


def load_raw(path: Path) -> Tensor:
    """The one spectrogram of a file, (n_mels, L) or (L, n_mels), float32.

    Raises:
        UserError: names the file and what is wrong with it.
    """
    array, shape = _array(path)
    if array.ndim != 2 or not array.size:
        raise UserError(f"holds an array of shape {shape}, not one spectrogram", at=shown(path))
    return torch.from_numpy(np.array(array, dtype=np.float32, order="C"))


def mapped(path: Path, n_mels: int, layout: Layout = "frames_last") -> Array:
    """The spectrogram `(n_mels, L)` of a file, its values read when they are used if `.npy`.

    Raises:
        UserError: as `read` does.
    """
    return oriented(path, n_mels, layout)[0]


def oriented(path: Path, n_mels: int, layout: Layout = "frames_last") -> tuple[Array, Orientation]:
    """The same, and how it lies in the file.

    Raises:
        UserError: as `read` does.
    """
    array, shape = _array(path)
    if array.ndim != 2 or n_mels not in array.shape:
        raise UserError(
            f"holds an array of shape {shape}, the model takes ({n_mels}, frames)", at=shown(path)
        )
    lies = _orientation(array, n_mels, layout)
    return array.T if lies.turned else array, lies


def blocks(path: Path, n_mels: int, layout: Layout = "frames_last") -> Iterator[Tensor]:
    """The spectrogram in parts `(n_mels, L')` float32; of a `.npy` no more is in memory.

    Raises:
        UserError: as `read` does.
    """
    values = mapped(path, n_mels, layout)
    for start in range(0, values.shape[1], BLOCK):
        yield torch.from_numpy(values[:, start : start + BLOCK].astype(np.float32, order="C"))
        if isinstance(values, np.memmap):
            # what was read of a mapping stays in memory as long as it is there
            del values
            values = mapped(path, n_mels, layout)


def _orientation(array: Array, n_mels: int, layout: Layout) -> Orientation:
    if array.shape[0] == array.shape[1]:
        return of_square(torch.from_numpy(np.array(array, dtype=np.float32)), layout)
    return Orientation(turned=array.shape[0] != n_mels)


def _array(path: Path) -> tuple[Array, tuple[int, ...]]:
    """The one array of a file without leading axes of length 1, and its shape with them."""
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
            "not a readable array file (damaged, or it holds more than arrays: save the mel alone)",
            at=shown(path),
        ) from None
    except Exception as error:  # zip, pickle and header errors share no base class
        reason = " ".join(str(error).split())[:120]
        raise UserError(f"not a readable array file ({reason})", at=shown(path)) from None


def _plain(tensor: Tensor, path: Path) -> Array:
    """A tensor's values; numpy knows no bfloat16.

    Raises:
        UserError: they are no real numbers in memory.
    """
    if tensor.is_complex() or tensor.is_quantized or tensor.layout != torch.strided:
        raise UserError(f"holds a tensor of {tensor.dtype}: give real numbers", at=shown(path))
    made: Array = tensor.detach().float().numpy()
    return made


def _pick(loaded: Any, path: Path) -> Array:
    if isinstance(loaded, Mapping):
        arrays = {k: v for k, v in loaded.items() if isinstance(v, np.ndarray | Tensor)}
        if "mel" not in arrays and len(arrays) != 1:
            keys = (
                ", ".join(json_file.shown(key).strip("'") for key in list(loaded)[:5]) or "nothing"
            )
            raise UserError(f"holds {keys}; name the array 'mel'", at=shown(path))
        loaded = arrays["mel"] if "mel" in arrays else next(iter(arrays.values()))
    if isinstance(loaded, Tensor):
        loaded = _plain(loaded, path)
    if not isinstance(loaded, np.ndarray):
        raise UserError(f"holds a {type(loaded).__name__}, not an array", at=shown(path))
    if loaded.dtype.kind not in NUMBERS:
        raise UserError(f"holds {loaded.dtype} values, not numbers", at=shown(path))
    return loaded
