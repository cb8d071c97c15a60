"""Excitation of the source-filter model: pulse trains, and filter bands.

Sources: Engel et al. 2020, "DDSP: Differentiable Digital Signal Processing" (arXiv 2001.04643), for
differentiable pitch and filtered noise; Liu, Chen and Yu 2020, "Neural Homomorphic Vocoder"
(Interspeech), for a pulse train and noise, each filtered frame by frame. The closed form of the sum
of cosines is the Dirichlet kernel.
"""

import math

import numpy as np
import torch
from torch import Tensor

from wavegan.mel.spectrogram import hz_to_mel


def pulses(
    pitch: Tensor, sample_rate: int, *, overtones: int | None = None, loop: bool = False
) -> Tensor:
    """A band-limited pulse train: all partials of a pitch, with equal amplitude and phase 0.

        p[t] = sqrt(2 / n[t]) * sum_k w_k cos(k * phase[t]),    k = 1 .. floor(n[t])
        n[t] = min(sr / 2 f[t], overtones)

    The root gives it the power of white noise of deviation 1, so a filter makes both sources
    equally loud. All w are 1 except the last, which fades in as the pitch falls: otherwise a
    partial would start and stop abruptly near half the sample rate.

    Args:
        pitch: f, `(..., T)`, Hz at each sample; above 0 and below half the sample rate.
        sample_rate: sr, Hz.
        overtones: maximum number of partials, with the fundamental; 1: sines. None: all.
        loop: adjust the pitch slightly, so that the clip has a whole number of periods, at least
            one.

    Returns:
        `(..., T)`, float32, with a gradient to the pitch.
    """
    # float64 keeps the precision over thousands of periods; Apple's GPUs only have float32
    exact = pitch.to(torch.float32 if pitch.device.type == "mps" else torch.float64) / sample_rate
    if loop:
        total = exact.sum(-1, keepdim=True)
        exact = exact * (total.detach().round().clamp(min=1) / total)
    turned, cycles = exact.cumsum(-1), exact.float()
    # the phase keeps its precision around 0, where a pulse is
    phase = ((turned - turned.detach().round()) * 2 * math.pi).float()
    most = math.inf if overtones is None else overtones + 1.0
    room = (0.5 / cycles.detach()).clamp(max=most)
    count = (room.floor() - 1).clamp(min=1)
    last = (room - count - 1).clamp(0, 1) * ((count + 1) * phase).cos()
    half = (phase / 2).sin()
    near = half.abs() < 1e-5  # both sines of the closed form are almost 0
    safe = torch.where(near, torch.ones_like(half), half)
    kernel = ((count + 0.5) * phase).sin() / (2 * safe) - 0.5
    power = (4 * cycles).clamp(min=2 / (most - 1))
    return (torch.where(near, count, kernel) + last) * power.sqrt()


def band_shapes(bands: int, bins: int, sample_rate: int) -> Tensor:
    """Triangles over the bins of a spectrum, evenly spaced in mel, with sum 1 at each bin.

    Args:
        bands: number of bands, at least 2; the first is centred at 0 Hz, the last at half the rate.
        bins: number of bins, from 0 Hz to half the rate.
        sample_rate: Hz.

    Returns:
        `(bins, bands)`, a matrix that interpolates values at the bands' centres linearly.
    """
    mel = torch.tensor(hz_to_mel(np.linspace(0, sample_rate / 2, bins), "htk"))
    place = mel / mel[-1] * (bands - 1)
    distance = (place[:, None] - torch.arange(bands)).abs()
    return (1 - distance).clamp(min=0).float()
