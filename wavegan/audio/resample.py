"""Resampling with soxr: a linear-phase low-pass filter, which does not delay the sound."""

import math
from collections.abc import Iterable, Iterator
from itertools import chain
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from wavegan.errors import UserError

# Reach of soxr's filters in samples of the lower rate (with 128 the error is 4e-7, with 64 2e-4).
REACH = 256
# Samples per call of soxr.
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
    # One row at a time: soxr takes (T, C) with at most 65536 channels. In blocks, because soxr
    # copies its input; the samples are the same.
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
    """Resample a stream of blocks with soxr; joined, the result equals `resample_array`.

    Args:
        blocks: blocks (T',) of any lengths.
        from_rate: their rate, Hz.
        to_rate: the wanted rate, Hz.
        samples: T, the total number of samples.
        quality: as in `resample_array`.

    Yields:
        Blocks (T'',) float32 with `resampled_length(T, from_rate, to_rate)` samples in total.
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
    """Number of samples after resampling: rounded to the nearest, halves up."""
    _check(from_rate, to_rate)
    return (2 * samples * to_rate + from_rate) // (2 * from_rate)


def source_span(
    start: int, stop: int, samples: int, from_rate: int, to_rate: int
) -> tuple[int, int, int]:
    """The input range for the outputs [start, stop) of a resampled wave of `samples` samples.

    Returns:
        first, last: the input range, with the filter's reach on each side. At `first` an output
            coincides with an input, so the part has the same filter phases as the whole.
        skip: number of outputs before `start`.
    """
    if from_rate == to_rate:
        return start, stop, 0
    period = from_rate // math.gcd(from_rate, to_rate)
    reach = math.ceil(REACH * max(1, from_rate / to_rate))
    first = max(0, start * from_rate // to_rate - reach) // period * period
    last = min(samples, -(-stop * from_rate // to_rate) + reach)
    return first, max(first, last), start - first * to_rate // from_rate


def _check(from_rate: int, to_rate: int) -> None:
    for rate in (from_rate, to_rate):
        if rate < 1:
            raise UserError(f"the sample rate is {rate} Hz: it must be 1 or more")
