"""Spectra and other helpers that several detectors use."""

import math
from dataclasses import dataclass

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from wavegan.audio.stft import magnitude

Array = NDArray[np.float64]

QUIETEST = -140.0
"""dB of silence; 24 bits end at -144."""


@dataclass(frozen=True)
class Spectrum:
    """A short-time spectrum.

    Attributes:
        db: power (F, L), dB; a full-scale sine is 0 dB in its bin.
        bin_hz: distance between bins, Hz.
        hop: distance between frames, seconds.
        frame: length of a frame, seconds.
    """

    db: Array
    bin_hz: float
    hop: float
    frame: float

    @property
    def hertz(self) -> Array:
        """Frequency of each bin."""
        return np.asarray(np.arange(self.db.shape[0]) * self.bin_hz, np.float64)

    @property
    def levels(self) -> Array:
        """Power of each frame, dB: the sum over bins."""
        return decibels(np.power(10.0, self.db / 10).sum(0))


def spectrum(wave: Tensor, sample_rate: int, seconds: float, overlap: int = 4) -> Spectrum:
    """Spectrum of Hann-windowed frames of about `seconds` (a power of two samples), unpadded.

    Args:
        wave: (T,); if shorter than a frame, zeros are appended.
        sample_rate: Hz.
        seconds: approximate length of a frame.
        overlap: number of frames that cover a sample.
    """
    size = 2 ** round(math.log2(seconds * sample_rate))
    if len(wave) < size:
        wave = torch.nn.functional.pad(wave, (0, size - len(wave)))
    power = magnitude(wave[None], size, size // overlap, power=2, padding="none")[0]
    # a sine's amplitude A gives |X| = A size / 4 under a Hann window, whose mean is 1/2
    return Spectrum(
        decibels(power.double().numpy() * (4 / size) ** 2),
        sample_rate / size,
        size / overlap / sample_rate,
        size / sample_rate,
    )


def decibels(power: Array) -> Array:
    """10 log10 of power, at least QUIETEST."""
    floor: float = 10 ** (QUIETEST / 10)
    return np.asarray(10 * np.log10(np.maximum(power, floor)))


def level(power: float) -> float:
    """`decibels` of a single number."""
    return float(decibels(np.array(power)))


def moving_median(values: Array, half: int) -> Array:
    """Median of each value with `half` values on either side; the ends are reflected."""
    padded = np.pad(values, half, mode="reflect" if len(values) > half else "edge")
    return np.asarray(np.median(np.lib.stride_tricks.sliding_window_view(padded, 2 * half + 1), -1))


def moving_max(values: Tensor, size: int) -> Tensor:
    """Maximum of each value (T,) and the `size - 1` after it; `(T - size + 1,)`."""
    return torch.nn.functional.max_pool1d(values[None, None], size, 1)[0, 0]


def runs(flags: NDArray[np.bool_]) -> list[tuple[int, int]]:
    """(first, one past the last) of each run of True."""
    edges = np.flatnonzero(np.diff(np.concatenate([[0], flags.astype(np.int8), [0]])))
    return [(int(first), int(last)) for first, last in edges.reshape(-1, 2)]
