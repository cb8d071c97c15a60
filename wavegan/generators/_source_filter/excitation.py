"""The two sources of the source-filter model: pulses of a pitch, and bands that shape a spectrum.

Sources: Engel et al. 2020, "DDSP: Differentiable Digital Signal Processing" (arXiv 2001.04643), a
pitch and filtered noise that gradients reach; Liu, Chen and Yu 2020, "Neural Homomorphic Vocoder"
(Interspeech), a pulse train and noise, each filtered from frame to frame. The sum of cosines in
closed form is Dirichlet's kernel.
"""

import math

import numpy as np
import torch
from torch import Tensor

from wavegan.mel.spectrogram import hz_to_mel


def pulses(
    pitch: Tensor, sample_rate: int, *, overtones: int | None = None, loop: bool = False
) -> Tensor:
    """The overtones of a pitch below half the sample rate, equally loud, at their crests together.

        p[t] = sqrt(2 / n[t]) * sum_k w_k cos(k * phase[t]),    k = 1 .. floor(n[t])
        n[t] = min(sr / 2 f[t], overtones)

    The root gives it the power of white noise of deviation 1, so that one filter makes either
    source as loud. All w are 1 but the last, which fades in as the pitch falls: else an overtone
    would come and go at once beside half the sample rate.

    Args:
        pitch: f, Hz at each sample, `(..., T)`; above 0 and below half the sample rate.
        sample_rate: sr, Hz.
        overtones: how many at most, the fundamental among them; 1: sines. None: all.
        loop: the whole has a whole number of periods, at least one: the pitch is moved by the
            fraction that it takes.

    Returns:
        `(..., T)`, float32, with a gradient to the pitch.
    """
    # so that the thousandth period has the first one's precision; Apple's GPUs have float32 alone
    exact = pitch.to(torch.float32 if pitch.device.type == "mps" else torch.float64) / sample_rate
    if loop:
        total = exact.sum(-1, keepdim=True)
        exact = exact * (total.detach().round().clamp(min=1) / total)
    turned, cycles = exact.cumsum(-1), exact.float()
    # around 0, where a pulse is, it keeps all digits
    phase = ((turned - turned.detach().round()) * 2 * math.pi).float()
    most = math.inf if overtones is None else overtones + 1.0
    room = (0.5 / cycles.detach()).clamp(max=most)
    count = (room.floor() - 1).clamp(min=1)
    last = (room - count - 1).clamp(0, 1) * ((count + 1) * phase).cos()
    half = (phase / 2).sin()
    near = half.abs() < 1e-5  # where both sines of the closed form are next to 0
    safe = torch.where(near, torch.ones_like(half), half)
    kernel = ((count + 0.5) * phase).sin() / (2 * safe) - 0.5
    power = (4 * cycles).clamp(min=2 / (most - 1))
    return (torch.where(near, count, kernel) + last) * power.sqrt()


def band_shapes(bands: int, bins: int, sample_rate: int) -> Tensor:
    """Triangles over the bins of a spectrum, evenly spaced in mel; at each bin they add up to 1.

    Args:
        bands: how many, at least 2; the first is centred at 0 Hz, the last at half the rate.
        bins: of the spectrum, from 0 Hz to half the rate.
        sample_rate: Hz.

    Returns:
        `(bins, bands)`: times values at the bands' centres, the lines drawn between them.
    """
    mel = torch.tensor(hz_to_mel(np.linspace(0, sample_rate / 2, bins), "htk"))
    place = mel / mel[-1] * (bands - 1)
    distance = (place[:, None] - torch.arange(bands)).abs()
    return (1 - distance).clamp(min=0).float()
