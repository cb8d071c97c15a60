"""Changing the sample rate: `resample_array` for sound from files, `resample` for tensors.

Both are linear-phase low passes, so that sound stays where it is in time. soxr gives
`resampled_length` samples (to the nearest); tensors get ceil(T * to / from), as in torchaudio.
"""

import math
from collections.abc import Iterable, Iterator
from functools import lru_cache
from itertools import chain
from types import ModuleType
from typing import TYPE_CHECKING, Any, Literal

import numpy as np
from numpy.typing import NDArray

from wavegan.errors import UserError

if TYPE_CHECKING:
    from torch import Tensor

# A Kaiser-windowed sinc: zero crossings a side, share of the band kept, and shape. At these
# (resampy's "kaiser_best") what would alias is about 100 dB down.
ZEROS = 64
ROLLOFF = 0.9475937167399596
BETA = 14.769656459379492
LARGEST_KERNEL = 1 << 24
# Samples of the lower rate beyond which soxr's filters are not felt (128 leave 4e-7, 64 2e-4).
REACH = 256
# Samples that soxr is given at once.
BLOCK = 1 << 18

Quality = Literal["HQ", "VHQ"]


def resample_array(
    wave: NDArray[np.float32],
    from_rate: int,
    to_rate: int,
    *,
    quality: Quality = "HQ",
) -> NDArray[np.float32]:
    """Resample with soxr.

    Args:
        wave: (..., T), float32.
        from_rate: its rate, Hz.
        to_rate: the wanted rate, Hz.
        quality: "HQ" for 16-bit sound, "VHQ" for 24-bit.

    Returns:
        (..., `resampled_length(T, from_rate, to_rate)`), float32.

    Raises:
        UserError: a rate is not positive.
    """
    _check(from_rate, to_rate)
    length = resampled_length(wave.shape[-1], from_rate, to_rate)
    if from_rate == to_rate or length == 0:
        return wave[..., :length].astype(np.float32, copy=False)
    rows = wave.reshape(-1, wave.shape[-1])
    result = np.zeros((len(rows), length), np.float32)
    # One row at a time: soxr wants (T, C), at most 65536 channels. In blocks, which give the same
    # samples, because soxr makes copies of what it is given.
    for row, out in zip(rows, result, strict=True):
        blocks = (row[first : first + BLOCK] for first in range(0, len(row), BLOCK))
        place = 0
        for made in resample_blocks(blocks, from_rate, to_rate, len(row), quality=quality):
            out[place : place + len(made)] = made
            place += len(made)
    return result.reshape(*wave.shape[:-1], length)


def resample_blocks(
    blocks: Iterable[NDArray[np.float32]],
    from_rate: int,
    to_rate: int,
    samples: int,
    *,
    quality: Quality = "HQ",
) -> Iterator[NDArray[np.float32]]:
    """Resample with soxr what comes block by block: the samples of `resample_array`.

    Args:
        blocks: (T',) each, of any lengths.
        from_rate: their rate, Hz.
        to_rate: the wanted rate, Hz.
        samples: T, of all blocks together.
        quality: as in `resample_array`.

    Yields:
        (T'',) float32, `resampled_length(T, from_rate, to_rate)` together.
    """
    import soxr

    _check(from_rate, to_rate)
    left = resampled_length(samples, from_rate, to_rate)
    stream = soxr.ResampleStream(from_rate, to_rate, 1, "float32", quality)
    end = np.zeros(0, np.float32)
    for block in chain(blocks, [end]):
        made = stream.resample_chunk(block.astype(np.float32, copy=False), last=block is end)
        yield made[:left]
        left -= min(left, len(made))
    if left:
        yield np.zeros(left, np.float32)


def resampled_length(samples: int, from_rate: int, to_rate: int) -> int:
    """Samples at `to_rate` of what has `samples` at `from_rate`: to the nearest, halves up."""
    _check(from_rate, to_rate)
    return (2 * samples * to_rate + from_rate) // (2 * from_rate)


def source_span(
    start: int, stop: int, samples: int, from_rate: int, to_rate: int
) -> tuple[int, int, int]:
    """Which input makes the outputs [start, stop) of resampling `samples` samples as a whole.

    Returns:
        first, last: the input to read, with the filter's reach on each side. `first` is where an
            output coincides with an input, so that the part is filtered in the whole's phases.
        skip: outputs of that part that come before `start`.
    """
    if from_rate == to_rate:
        return start, stop, 0
    period = from_rate // math.gcd(from_rate, to_rate)
    reach = math.ceil(REACH * max(1, from_rate / to_rate))
    first = max(0, start * from_rate // to_rate - reach) // period * period
    last = min(samples, -(-stop * from_rate // to_rate) + reach)
    return first, max(first, last), start - first * to_rate // from_rate


def resample(wave: "Tensor", from_rate: int, to_rate: int) -> "Tensor":
    """Resample on the tensor's own device, differentiably.

    torchaudio does it where it can be imported, else the same Kaiser-windowed sinc made here; the
    two agree to rounding. Rates whose reduced ratio needs a kernel of more than 2^24 values (such
    as 44101 to 22050 Hz) go through soxr instead, which has no gradient.

    Args:
        wave: (..., T). Half precision becomes float32, also inside autocast.
        from_rate: its rate, Hz.
        to_rate: the wanted rate, Hz.

    Returns:
        (..., ceil(T * to_rate / from_rate)), float32 (float64 for float64).

    Raises:
        UserError: a rate is not positive, or a gradient is wanted where only soxr can serve.
    """
    import torch

    _check(from_rate, to_rate)
    wave = wave if wave.dtype == torch.float64 else wave.float()
    divisor = math.gcd(from_rate, to_rate)
    before, after = from_rate // divisor, to_rate // divisor
    if before == after or wave.shape[-1] == 0:
        return wave
    if after * (before + 2 * _width(before, after)) > LARGEST_KERNEL:
        return _through_soxr(wave, from_rate, to_rate)
    library = _torchaudio()
    with torch.autocast(wave.device.type, enabled=False):
        if library is None:
            return _polyphase(wave, before, after)
        result: Tensor = library.resample(
            wave,
            from_rate,
            to_rate,
            lowpass_filter_width=ZEROS,
            rolloff=ROLLOFF,
            resampling_method="sinc_interp_kaiser",
            beta=BETA,
        )
        return result


@lru_cache(maxsize=1)
def _torchaudio() -> ModuleType | None:
    """torchaudio.functional, or None where it is missing or does not fit this torch."""
    try:
        from torchaudio import functional
    except (ImportError, OSError, RuntimeError):
        return None
    found: ModuleType = functional
    return found


def _polyphase(wave: "Tensor", before: int, after: int) -> "Tensor":
    """One convolution with stride `before` makes the `after` phases of each period."""
    import torch
    from torch.nn.functional import conv1d, pad

    length = -(-wave.shape[-1] * after // before)
    width = _width(before, after)
    kernel = torch.from_numpy(_kernel(before, after)).to(wave)
    rows = pad(wave.reshape(-1, 1, wave.shape[-1]), (width, width + before))
    phases = conv1d(rows, kernel[:, None], stride=before)
    result = phases.transpose(1, 2).reshape(len(rows), -1)[:, :length]
    return result.reshape(*wave.shape[:-1], length)


@lru_cache(maxsize=8)
def _kernel(before: int, after: int) -> NDArray[np.float64]:
    """(after, 2 width + before): the low pass as each output of a period sees the input."""
    cutoff = min(before, after) * ROLLOFF
    width = _width(before, after)
    inputs = np.arange(-width, width + before) / before
    outputs = np.arange(after) / after
    crossings = (inputs - outputs[:, None]) * cutoff
    inside = np.sqrt(np.maximum(0, 1 - (crossings / ZEROS) ** 2))
    window = np.where(np.abs(crossings) <= ZEROS, np.i0(BETA * inside) / np.i0(BETA), 0)
    return np.asarray(np.sinc(crossings) * window * cutoff / before)


def _width(before: int, after: int) -> int:
    return math.ceil(ZEROS * before / (min(before, after) * ROLLOFF))


def _through_soxr(wave: "Tensor", from_rate: int, to_rate: int) -> "Tensor":
    import torch

    if wave.requires_grad:
        raise UserError(
            f"no gradient from {from_rate} to {to_rate} Hz, whose ratio is too odd: resample the "
            "files first, or detach the wave"
        )
    length = -(-wave.shape[-1] * to_rate // from_rate)
    array: NDArray[Any] = wave.cpu().numpy().astype(np.float32)
    made = torch.from_numpy(resample_array(array, from_rate, to_rate, quality="VHQ")).to(wave)
    return torch.nn.functional.pad(made, (0, length - made.shape[-1]))


def _check(from_rate: int, to_rate: int) -> None:
    for rate in (from_rate, to_rate):
        if rate < 1:
            raise UserError(f"sample rate {rate} Hz: it must be 1 or more")
