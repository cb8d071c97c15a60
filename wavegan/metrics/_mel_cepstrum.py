"""Mel-cepstra of waves, computed from short-time spectra.

The steps are those of SPTK's `mcep` without iterations: log power spectrum, real cepstrum, all-pass
frequency warping (Oppenheim and Johnson 1972, "Discrete representation of signals"; Tokuda,
Kobayashi, Masuko, Imai 1994, "Mel-generalized cepstral analysis").
"""

from functools import lru_cache
from typing import Any

import numpy as np
import torch
from torch import Tensor

from wavegan.audio.stft import magnitude

ORDER = 24
WINDOW_SECONDS = 0.04
HOP_SECONDS = 0.01
# about a third of the power of 16-bit rounding noise in a bin
FLOOR = 1e-8
# 10 / ln 10 * sqrt(2): one unit of a cepstral coefficient in dB of log magnitude, rms
DECIBELS = 10 / np.log(10) * np.sqrt(2)


def mel_cepstrum(wave: Tensor, sample_rate: int) -> Tensor:
    """Coefficients 1 to 24 of each frame, without c0, the level.

    Frames have a periodic Hann window of 40 ms, every 10 ms, centred and reflected; powers have a
    floor of 1e-8.

    Args:
        wave: `(C, T)` in [-1, 1].
        sample_rate: Hz.

    Returns:
        `(C, L, 24)`, float64.
    """
    sizes = frame_sizes(sample_rate)
    power = magnitude(
        wave.double(),
        sizes["n_fft"],
        sizes["hop_length"],
        power=2,
        floor=FLOOR,
        window=torch.hann_window(sizes["win_length"], dtype=torch.float64),
    )
    return from_power(power.transpose(-1, -2), warp_factor(sample_rate))[..., 1:]


def from_power(power: Tensor, alpha: float, order: int = ORDER) -> Tensor:
    """Convert power spectra `(..., n_fft / 2 + 1)` to mel-cepstra `(..., order + 1)`, float64.

    ln |X(w)| is the sum over m of c_m cos(m w'), with w' the warped frequency.
    """
    cepstrum: Tensor = torch.fft.irfft(power.double().log(), dim=-1)[..., : power.shape[-1]]
    cepstrum[..., 0] /= 2
    return torch.matmul(cepstrum, _warp(power.shape[-1], order, alpha).T)


def frame_sizes(sample_rate: int) -> dict[str, int]:
    """Window, hop, and FFT size (the next power of two above the window), in samples."""
    window = max(2, round(WINDOW_SECONDS * sample_rate))
    return {
        "n_fft": 1 << (window - 1).bit_length(),
        "hop_length": max(1, round(HOP_SECONDS * sample_rate)),
        "win_length": window,
    }


@lru_cache(maxsize=16)
def warp_factor(sample_rate: int) -> float:
    """The all-pass constant with the warp nearest to the mel scale, to three decimals.

    Nearest in the mean square over 0 to half the rate, both scales running from 0 to 1, with mel
    proportional to ln(1 + f / 1000 Hz). 0.312 at 8 kHz, 0.41 at 16, 0.455 at 22.05, 0.466 at 24,
    0.544 at 44.1 and 0.554 at 48 kHz: the usual constants at these rates.
    """
    part = np.linspace(0, 1, 1000, endpoint=False)
    mel = np.log1p(part * sample_rate / 2000)
    alphas = np.arange(0, 1, 0.001)[:, None]
    angle = np.pi * part
    warped = angle + 2 * np.arctan2(alphas * np.sin(angle), 1 - alphas * np.cos(angle))
    error = np.square(mel / mel[-1] - warped / warped[:, -1:]).mean(1)
    return round(float(alphas[error.argmin(), 0]), 3)


def settings() -> dict[str, Any]:
    """The settings of metrics that use these cepstra."""
    rates = (8000, 16000, 22050, 24000, 32000, 44100, 48000)
    return {
        "order": ORDER,
        "window_seconds": WINDOW_SECONDS,
        "hop_seconds": HOP_SECONDS,
        "floor": FLOOR,
        "alpha": {str(rate): warp_factor(rate) for rate in rates},
    }


@lru_cache(maxsize=16)
def _warp(length: int, order: int, alpha: float) -> Tensor:
    """`(order + 1, length)`: column n is z^-n in powers of the warped delay.

    Column n + 1 is column n times (z^-1 + alpha) / (1 + alpha z^-1), a first-order recursion.
    """
    columns = np.zeros((length, order + 1))
    columns[0, 0] = 1
    for n in range(1, length):
        before, now = columns[n - 1], columns[n]
        now[0] = alpha * before[0]
        now[1:] = before[:-1]
        for m in range(1, order + 1):
            now[m] += alpha * (before[m] - now[m - 1])
    return torch.from_numpy(columns.T.copy())
