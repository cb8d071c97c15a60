"""Find frames with breath or hiss but no voice, and the periodicity of their noise."""

from dataclasses import dataclass

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from wavegan.artifacts._spectrum import Array, decibels

HOP = 0.01
FRAME = 0.05
"""Seconds."""
LOW = (70.0, 700.0)
"""Hz, the range with most of a voice's power."""
HIGH = 1800.0
"""Hz, the lower end of the band in which noise is analysed."""
TILT = 8.0
"""dB by which the high band exceeds the low one in breath and hiss."""
VOICELESS = 15.0
"""dB that the low band is below its loud frames in breath and hiss."""
SILENT = -75.0
"""dBFS of the high band below which it is inaudible."""
BELOW = 45.0
"""dB below its loudest frames at which it counts as inaudible, too."""
ENVELOPE_RATE = 4000
"""Sample rate of the envelope, Hz."""
SLOWEST, FASTEST = 55.0, 450.0
"""Range of the periods to search, Hz."""


@dataclass(frozen=True)
class Unvoiced:
    """Classification of each frame.

    Attributes:
        flags: frames with breath, hiss or a noisy pause.
        voiced: frames with voice; frames may be neither.
        periodicity: periodicity of the envelope of the high band, 0 to 1.
        hertz: frequency of that period.
        hop: distance between frames, seconds.
    """

    flags: NDArray[np.bool_]
    voiced: NDArray[np.bool_]
    periodicity: Array
    hertz: Array
    hop: float


def unvoiced(wave: Tensor, sample_rate: int) -> Unvoiced | None:
    """Classify each frame; None for very short clips or without a high band."""
    if len(wave) < 6 * FRAME * sample_rate or sample_rate < 3 * HIGH:
        return None
    size = 2 ** (len(wave) - 1).bit_length()
    spectrum = torch.fft.rfft(wave, size)
    hertz = torch.arange(len(spectrum)) * sample_rate / size
    low = torch.fft.irfft(spectrum * ((hertz >= LOW[0]) & (hertz < LOW[1])), size)[: len(wave)]
    # half the spectrum is the analytic signal: its magnitude is the envelope
    half = torch.nn.functional.pad(2 * spectrum * (hertz >= HIGH), (0, size - len(spectrum)))
    analytic = torch.fft.ifft(half)[: len(wave)]
    envelope = _resampled(analytic.abs().double().numpy(), sample_rate)
    hop, frame = round(HOP * ENVELOPE_RATE), round(FRAME * ENVELOPE_RATE)
    views = np.lib.stride_tricks.sliding_window_view(envelope, frame)[::hop]
    lows = np.lib.stride_tricks.sliding_window_view(
        _resampled(low.double().square().numpy(), sample_rate), frame
    )[::hop]
    high_db, low_db = decibels((views**2).mean(1) / 2), decibels(lows.mean(1))
    least = max(SILENT, float(np.percentile(high_db, 98)) - BELOW)
    no_voice = low_db <= np.percentile(low_db, 95) - VOICELESS
    flags = (high_db >= least) & (high_db >= low_db + TILT) & no_voice
    around = _moving_mean(envelope, round(FRAME * ENVELOPE_RATE / 2))
    level = np.lib.stride_tricks.sliding_window_view(envelope / np.maximum(around, 1e-6), frame)
    periodicity, frequency = _periodic(level[::hop])
    return Unvoiced(
        flags, ~no_voice & (low_db > high_db), periodicity, frequency, hop / ENVELOPE_RATE
    )


def _resampled(values: Array, sample_rate: int) -> Array:
    """Block means at ENVELOPE_RATE."""
    sums = np.concatenate([[0.0], np.cumsum(values)])
    count = int(len(values) * ENVELOPE_RATE / sample_rate)
    edges = np.arange(count + 1) * sample_rate / ENVELOPE_RATE
    at = np.interp(edges, np.arange(len(sums)), sums)
    return np.asarray(np.diff(at) * ENVELOPE_RATE / sample_rate)


def _moving_mean(values: Array, size: int) -> Array:
    padded = np.pad(values, (size // 2, size - 1 - size // 2), mode="reflect")
    return np.asarray(np.convolve(padded, np.full(size, 1 / size), mode="valid"))


def _periodic(frames: Array) -> tuple[Array, Array]:
    """Highest peak of each frame's normalised autocorrelation, and its frequency."""
    centred = frames - frames.mean(1, keepdims=True)
    size = 2 * frames.shape[1]
    power = np.abs(np.fft.rfft(centred, size)) ** 2
    lags = np.fft.irfft(power, size)[:, : frames.shape[1]]
    squares = np.cumsum(centred**2, axis=1)
    count = frames.shape[1]
    # energy of the overlapping parts at each lag, for either end
    first = squares[:, ::-1]
    second = squares[:, -1:] - np.concatenate([np.zeros((len(frames), 1)), squares[:, :-1]], axis=1)
    lags = lags / np.sqrt(np.maximum(first * second, 1e-20))
    low, high = int(ENVELOPE_RATE / FASTEST), int(ENVELOPE_RATE / SLOWEST)
    span = lags[:, low : min(high, count - 2) + 1]
    # a peak, not the slope from lag 0
    inner = (span[:, 1:-1] >= span[:, :-2]) & (span[:, 1:-1] >= span[:, 2:])
    peaks = np.where(inner, span[:, 1:-1], 0.0)
    best = peaks.argmax(1)
    return peaks.max(1), ENVELOPE_RATE / (best + low + 1)
