"""The constant-Q transform: bins a fixed ratio apart, each with as many periods in its window.

Source: Brown and Puckette 1992, "An efficient algorithm for the calculation of a constant Q
transform"; one octave's kernels for all octaves by halving the rate: Schörkhuber and Klapuri 2010,
"Constant-Q transform toolbox for music processing". The numbers are those of `CQT2010v2` of
github.com/KinWaiCheuk/nnAudio (MIT), low passes and scale included.
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

    Each bin is the wave times a Hann-windowed complex tone of Q periods, Q being
    1 / (2^(1/bins_per_octave) - 1), its window of unit sum, times the root of the window's length
    in samples. Frames are centred and the wave continues as zeros. Each halving's filter has an
    even number of taps, so that the octave k below the highest is heard (2^k - 1) / 2 samples late,
    which turns its phases. It is computed in float32 also inside autocast.

    Args:
        sample_rate: Hz.
        hop_length: samples from frame to frame; the lowest octave must still see a whole number
            of samples, so 2^(octaves - 1) divides it.
        octaves: how many.
        bins_per_octave: bins in each.
        f_min: frequency of the lowest bin, Hz.

    Raises:
        UserError: the highest bin is above half the sample rate, or the hop does not divide.
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
            UserError: nothing of the wave would be left for the lowest octave.
        """
        least = self.factor * 2 ** (self.octaves - 1)
        if wave.shape[-1] < least:
            raise UserError(
                f"the wave has {wave.shape[-1]} samples: {self.octaves} octaves need {least}"
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
    """A linear-phase low pass by sampling the wanted response (`scipy.signal.firwin2`).

    Args:
        band: where it falls from 1 to 0, as a share of half the sample rate.
        transition: width of the fall: it runs from `band / (1 + t)` to `band * (1 + t)`.
        taps: even.
    """
    grid = np.linspace(0, 1, 1 + 2 ** math.ceil(math.log2(taps)))
    corners = [0, band / (1 + transition), band * (1 + transition), 1]
    response = np.interp(grid, corners, [1, 1, 0, 0])
    delayed = response * np.exp(-1j * np.pi * grid * (taps - 1) / 2)
    return np.asarray(np.fft.irfft(delayed)[:taps] * np.hamming(taps))


def _tones(frequencies: NDArray[np.float64], periods: float, rate: float) -> NDArray[np.float64]:
    """(2 N, 1, window): real and negated imaginary parts of the windowed tones, centred."""
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
    """How often the rate may be halved before the first octave, as librosa reckons it."""
    by_band = math.ceil(math.log2(0.85 * (sample_rate // 2) / cutoff)) - 2
    by_hop = math.ceil(math.log2(hop_length)) - octaves + 1
    return max(0, min(by_band, by_hop))


def _check_highest(frequency: float, sample_rate: int, octaves: int) -> None:
    if frequency > sample_rate / 2:
        fewer = octaves - math.ceil(math.log2(2 * frequency / sample_rate))
        raise UserError(
            f"octaves {octaves} reach {frequency:.0f} Hz, above half of {sample_rate} Hz: "
            f"use {max(fewer, 1)}"
        )


def _check_hop(hop_length: int, octaves: int, factor: int) -> None:
    step = factor * 2 ** (octaves - 1)
    if hop_length % step:
        raise UserError(
            f"hop_length {hop_length} cannot be halved for each of {octaves} octaves: use "
            f"{max(round(hop_length / step), 1) * step}"
        )
