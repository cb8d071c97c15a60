"""Convert users' arrays, tensors and lists to tensors, and check them."""

import operator
from collections.abc import Sequence

import numpy as np
import torch
from torch import Tensor

from wavegan.errors import UserError
from wavegan.inference.caller_warning import warn_caller

LOUDEST = 100.0
"""Audio meant to be in [-1, 1] never has a sample above this, however badly it clips."""
MOST_CHANNELS = 8
FULL_SCALES = {torch.uint8: (128, 128), torch.int16: (0, 2**15), torch.int32: (0, 2**31)}
"""The value of silence and the full scale of integer samples."""

_TAKEN = ("bool", "int8", "int16", "int32", "int64", "uint8", "float16", "float32", "float64")


def numbers(given: object, name: str, *, boolean: bool = False) -> Tensor:
    """Real numbers as a tensor without a graph; device and type stay the same.

    Args:
        given: a tensor, anything that numpy makes an array of, or nested lists. What torch cannot
            use directly (negative strides, another byte order, read-only memory) is copied.
        name: name of the argument, for messages.
        boolean: also accept true and false.

    Raises:
        UserError: text, complex or boolean values, rows of different lengths, or no array.
    """
    if isinstance(given, Tensor):
        return _dense(given, name, boolean)
    if isinstance(given, str | bytes) or hasattr(given, "__fspath__"):
        raise UserError(f"{name} is the text {str(given)[:60]!r}: give numbers, not a file name")
    try:
        array = np.asarray(_without_graphs(given, name, boolean))
    except (TypeError, ValueError, RuntimeError) as error:
        reason = str(error).splitlines()[0] if str(error) else type(error).__name__
        if _uneven(given):
            reason = "its rows have different lengths"
        raise UserError(f"{name} is not an array: {reason}; give numbers of one shape") from None
    if array.dtype.kind not in ("fiub" if boolean else "fiu"):
        what = type(given).__name__ if array.dtype.kind == "O" else array.dtype.name
        raise UserError(f"{name} has no real numbers ({what}): give an array of floats")
    return torch.from_numpy(np.require(array, _native(array.dtype), ["C", "W"]))


def _dense(given: Tensor, name: str, boolean: bool) -> Tensor:
    if given.is_meta:
        raise UserError(
            f"{name} is on the device meta, so it has no values: give one on cpu or cuda"
        )
    if given.layout != torch.strided or given.is_quantized:
        raise UserError(f"{name} is sparse, nested or quantized: give a dense tensor of floats")
    if given.is_complex() or (given.dtype == torch.bool and not boolean):
        raise UserError(f"{name} has no real numbers ({given.dtype}): give floats")
    return given.detach()


def _without_graphs(given: object, name: str, boolean: bool) -> object:
    """Replace tensors by arrays, as numpy refuses tensors that have a graph."""
    if isinstance(given, Tensor):
        tensor = _dense(given, name, boolean).cpu()
        return (tensor.float() if tensor.dtype == torch.bfloat16 else tensor).numpy()
    if isinstance(given, list | tuple):
        return [_without_graphs(one, name, boolean) for one in given]
    return given


def _uneven(given: object) -> bool:
    """Whether nested lists and arrays have rows of different lengths somewhere."""
    if not isinstance(given, list | tuple):
        return False
    shapes = {
        (len(one),) if isinstance(one, list | tuple) else tuple(getattr(one, "shape", ()))
        for one in given
    }
    return len(shapes) > 1 or any(map(_uneven, given))


def _native(dtype: "np.dtype[np.generic]") -> "np.dtype[np.generic]":
    """The nearest type that torch has, in this machine's byte order."""
    native = dtype.newbyteorder("=")
    if native.name in _TAKEN:
        return native
    return np.dtype(np.float64 if dtype.kind == "f" else np.int64)


def several(given: object, dimensions: int) -> Sequence[object] | None:
    """The items of a list of arrays of `dimensions` or more each; None if it is not such a list.

    Nested lists of plain numbers are one array.
    """
    if not isinstance(given, list | tuple):
        return None
    return given if any(getattr(one, "ndim", 0) >= dimensions for one in given) else None


def samples(given: object, name: str) -> Tensor:
    """A wave `(..., T)` in [-1, 1] as float32, on its own device.

    Two unambiguous cases are converted with a warning: integer samples of audio files, and
    soundfile's `(T, channels)`.

    Raises:
        UserError: integers of another kind, values far beyond [-1, 1] or not finite, no dimension.
    """
    wave = numbers(given, name)
    shape = tuple(wave.shape)
    if not shape:
        raise UserError(f"{name} is a single number: give samples (..., T)")
    wave = _scaled(wave, name)
    if len(shape) > 1 and shape[-1] <= MOST_CHANNELS < shape[-2]:
        warn_caller(
            f"{name} has shape {shape}: read as (T, channels), soundfile's order; give "
            f"{name}.T, or {name}.mean(1) for one channel",
            UserWarning,
        )
        wave = wave.transpose(-1, -2)
    if not wave.numel():
        return wave
    loudest = float(wave.abs().max())
    if not loudest < torch.inf:
        raise UserError(f"{name} has values that are not finite")
    if loudest > LOUDEST:
        raise UserError(
            f"{name} peaks at {loudest:g}, but samples must be in [-1, 1]: divide it by its full "
            "scale, e.g. 32768 for 16 bits"
        )
    return wave


def _scaled(wave: Tensor, name: str) -> Tensor:
    """The wave as float32; integers are divided by their full scale."""
    if wave.is_floating_point():
        return wave.to(torch.float32)
    kind = str(wave.dtype).removeprefix("torch.")
    if wave.dtype not in FULL_SCALES:
        raise UserError(
            f"{name} has integers ({kind}), but samples must be in [-1, 1]: divide it by its full "
            "scale, 32768 for 16-bit samples"
        )
    middle, scale = FULL_SCALES[wave.dtype]
    formula = f"({name} - {middle}) / {scale}" if middle else f"{name} / {scale}"
    warn_caller(f"{name} has integers ({kind}): read as {formula}", UserWarning)
    return (wave.to(torch.float64) - middle).div(scale).to(torch.float32)


def whole(given: object, name: str) -> int:
    """A whole number from Python, numpy or a tensor.

    Raises:
        UserError: it is not a whole number.
    """
    try:
        return operator.index(given)  # type: ignore[arg-type]
    except TypeError:
        raise UserError(f"{name} is {given!r}: give a whole number") from None


def real(given: object, name: str) -> float:
    """A real number from Python, numpy or a tensor.

    Raises:
        UserError: it is not a number.
    """
    try:
        if not isinstance(given, str | bytes):
            return float(given)  # type: ignore[arg-type]
    except (TypeError, ValueError):
        pass
    raise UserError(f"{name} is {given!r}: give a number")
