"""Constant-Q transform: logarithmically spaced bins whose windows have equally many periods.

Source: Brown and Puckette 1992, "An efficient algorithm for the calculation of a constant Q
transform"; the same kernels for all octaves, by halving the sample rate: Schörkhuber and Klapuri
2010, "Constant-Q transform toolbox for music processing". The results are those of `CQT2010v2` in
github.com/KinWaiCheuk/nnAudio (MIT), including low-pass filters and scale.
"""

import math

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn
from torch.nn.functional import conv1d

from wavegan.errors import UserError

LOW_PASS_TAPS = 256


class ConstantQ(nn.Module):
    """Turns waves into complex constant-Q spectra, bins from the lowest frequency up.

    Each bin is the inner product of the wave with a complex tone of
    Q = 1 / (2^(1/bins_per_octave) - 1) periods under a Hann window of unit sum, times the square
    root of the window's length in samples. Frames are centred, and the wave is padded with zeros.
    The filter of each halving has an even number of taps, so octave k below the highest is delayed
    by (2^k - 1) / 2 samples, which changes its phases. Computed in float32, even inside autocast.

    Args:
        sample_rate: Hz.
        hop_length: samples from frame to frame; must be a multiple of 2^(octaves - 1), so that it
            is a whole number of samples in the lowest octave too.
        octaves: number of octaves.
        bins_per_octave: bins in each octave.
        f_min: frequency of the lowest bin, Hz.

    Raises:
        UserError: the highest bin is above half the sample rate, or `hop_length` is no such
            multiple.
    """

    kernels: Tensor
    halving: Tensor
    early: Tensor
    scale: Tensor

    def __init__(
        self,
        sample_rate: int,
        hop_length: int,
        *,
        octaves: int = 9,
        bins_per_octave: int = 24,
        f_min: float = 32.70,
    ) -> None:
        super().__init__()
        if min(octaves, bins_per_octave, hop_length) < 1 or f_min <= 0:
            raise UserError(
                f"octaves {octaves}, bins_per_octave {bins_per_octave}, hop_length {hop_length} "
                f"and f_min {f_min:g} must be positive"
            )
        frequencies = f_min * 2.0 ** (np.arange(octaves * bins_per_octave) / bins_per_octave)
        _check_highest(frequencies[-1], sample_rate, octaves)
        periods = 1 / (2 ** (1 / bins_per_octave) - 1)
        cutoff = frequencies[-1] * (1 + 0.75 / periods)
        self.factor = 2 ** _early_halvings(sample_rate, cutoff, hop_length, octaves)
        self.hop_length = hop_length // self.factor
        _check_hop(hop_length, octaves, self.factor)
        self.octaves = octaves

        rate = sample_rate / self.factor
        lengths = np.ceil(periods * rate / frequencies)
        self._buffer("kernels", _tones(frequencies[-bins_per_octave:], periods, rate))
        self._buffer("halving", low_pass(0.5, 0.001)[None, None])
        if self.factor > 1:
            self._buffer("early", low_pass(1 / self.factor, 0.03)[None, None])
        self._buffer("scale", self.factor * np.sqrt(lengths)[:, None])

    def _buffer(self, name: str, values: NDArray[np.float64]) -> None:
        self.register_buffer(name, torch.tensor(values, dtype=torch.float32), persistent=False)

    def forward(self, wave: Tensor) -> Tensor:
        """Shape: `(..., T)` to complex `(..., octaves * bins_per_octave, 1 + floor(T / hop))`.

        Raises:
            UserError: the wave is too short for the lowest octave.
        """
        least = self.factor * 2 ** (self.octaves - 1)
        if wave.shape[-1] < least:
            raise UserError(
                f"the wave has {wave.shape[-1]} samples, but {self.octaves} octaves need {least}: "
                "give a longer wave or use fewer octaves"
            )
        flat = wave.float().reshape(-1, 1, wave.shape[-1])
        with torch.autocast(wave.device.type, enabled=False):
            if self.factor > 1:
                flat = _decimate(flat, self.early, self.factor)
            parts = [self._octave(flat, self.hop_length)]
            for octave in range(1, self.octaves):
                flat = _decimate(flat, self.halving, 2)
                parts.insert(0, self._octave(flat, self.hop_length >> octave))
            spectrum = torch.cat(parts, dim=1) * self.scale
        return spectrum.reshape(*wave.shape[:-1], *spectrum.shape[-2:])

    def _octave(self, wave: Tensor, hop: int) -> Tensor:
        edge = self.kernels.shape[-1] // 2
        real, imaginary = conv1d(wave, self.kernels, stride=hop, padding=edge).chunk(2, dim=1)
        return torch.complex(real, imaginary)


def low_pass(band: float, transition: float, taps: int = LOW_PASS_TAPS) -> NDArray[np.float64]:
    """A linear-phase low-pass filter by frequency sampling, as `scipy.signal.firwin2`.

    Args:
        band: cutoff, as a share of half the sample rate.
        transition: width t of the fall from 1 to 0, from `band / (1 + t)` to `band * (1 + t)`.
        taps: number of taps, even.
    """
    grid = np.linspace(0, 1, 1 + 2 ** math.ceil(math.log2(taps)))
    corners = [0, band / (1 + transition), band * (1 + transition), 1]
    response = np.interp(grid, corners, [1, 1, 0, 0])
    delayed = response * np.exp(-1j * np.pi * grid * (taps - 1) / 2)
    return np.asarray(np.fft.irfft(delayed)[:taps] * np.hamming(taps))


def _tones(frequencies: NDArray[np.float64], periods: float, rate: float) -> NDArray[np.float64]:
    """Real and negated imaginary parts of the centred windowed tones, (2 N, 1, window)."""
    lengths = np.ceil(periods * rate / frequencies).astype(int)
    size = 2 ** math.ceil(math.log2(lengths.max()))
    tones = np.zeros((len(frequencies), size), dtype=complex)
    for tone, length, frequency in zip(tones, lengths, frequencies, strict=True):
        times = np.arange(length) + -length // 2
        window = 0.5 - 0.5 * np.cos(2 * np.pi * np.arange(length) / length)
        wave = window / window.sum() * np.exp(2j * np.pi * frequency * times / rate)
        tone[size // 2 + times] = wave
    return np.concatenate([tones.real, -tones.imag])[:, None]


def _decimate(wave: Tensor, taps: Tensor, factor: int) -> Tensor:
    return conv1d(wave, taps, stride=factor, padding=(taps.shape[-1] - 1) // 2)


def _early_halvings(sample_rate: int, cutoff: float, hop_length: int, octaves: int) -> int:
    """How often the sample rate can be halved before the first octave, as librosa computes it."""
    by_band = math.ceil(math.log2(0.85 * (sample_rate // 2) / cutoff)) - 2
    by_hop = math.ceil(math.log2(hop_length)) - octaves + 1
    return max(0, min(by_band, by_hop))


def _check_highest(frequency: float, sample_rate: int, octaves: int) -> None:
    if frequency > sample_rate / 2:
        fewer = octaves - math.ceil(math.log2(2 * frequency / sample_rate))
        raise UserError(
            f"octaves {octaves} reach {frequency:.0f} Hz, above half the sample rate of "
            f"{sample_rate} Hz: use {max(fewer, 1)}"
        )


def _check_hop(hop_length: int, octaves: int, factor: int) -> None:
    step = factor * 2 ** (octaves - 1)
    if hop_length % step:
        raise UserError(
            f"hop_length {hop_length} cannot be halved for each of {octaves} octaves: use "
            f"{max(round(hop_length / step), 1) * step}"
        )
