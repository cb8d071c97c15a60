"""Mel spectrograms from files that TTS systems write: `.npy`, `.npz`, `.pt`."""

from pathlib import Path
from pickle import UnpicklingError
from typing import Any

import numpy as np
import torch
from torch import Tensor

from wavegan.errors import UserError

SUFFIXES = (".npy", ".npz", ".pt", ".pth")


def read(path: Path, n_mels: int) -> Tensor:
    """Read one log-mel spectrogram; nothing in the file is executed.

    Args:
        path: a `.npy` array, an `.npz` or `.pt` with one array or one called `mel`.
        n_mels: bands expected; tells `(n_mels, L)` from `(L, n_mels)`.

    Returns:
        `(n_mels, L)` float32.

    Raises:
        UserError: names the file and what is wrong with it.
    """
    if not path.is_file():
        raise UserError(f"{path}: no such file")
    array = _pick(_load(path), path)
    shape = tuple(array.shape)
    while array.ndim > 2 and array.shape[0] == 1:
        array = array[0]
    if array.ndim != 2 or n_mels not in array.shape:
        raise UserError(
            f"{path}: holds an array of shape {shape}, the model takes ({n_mels}, frames)"
        )
    return (array if array.shape[0] == n_mels else array.T).contiguous()


def _load(path: Path) -> Any:
    try:
        if path.suffix.lower() in (".pt", ".pth"):
            return torch.load(path, map_location="cpu", weights_only=True)
        loaded = np.load(path, allow_pickle=False)
        return loaded if isinstance(loaded, np.ndarray) else dict(loaded)
    except UnpicklingError:
        raise UserError(
            f"{path}: not a readable array file (damaged, or it holds more than arrays: save the "
            "mel alone)"
        ) from None
    except Exception as error:  # zip, pickle and header errors share no base class
        reason = " ".join(str(error).split())[:120]
        raise UserError(f"{path}: not a readable array file ({reason})") from None


def _pick(loaded: Any, path: Path) -> Tensor:
    if isinstance(loaded, dict):
        arrays = {k: v for k, v in loaded.items() if isinstance(v, np.ndarray | Tensor)}
        if "mel" not in arrays and len(arrays) != 1:
            keys = ", ".join(sorted(map(str, loaded))) or "nothing"
            raise UserError(f"{path}: holds {keys}; name the array 'mel'")
        loaded = arrays["mel"] if "mel" in arrays else next(iter(arrays.values()))
    if not isinstance(loaded, np.ndarray | Tensor):
        raise UserError(f"{path}: holds a {type(loaded).__name__}, not an array")
    if isinstance(loaded, np.ndarray):
        loaded = loaded.astype(loaded.dtype.newbyteorder("="), copy=False)
    try:
        return torch.as_tensor(loaded).to(torch.float32)
    except TypeError:
        raise UserError(f"{path}: holds {loaded.dtype} values, not numbers") from None
