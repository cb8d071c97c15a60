"""Augmentations in tone (equaliser, noise), per clip; twice differentiable in the audio."""

import math

import torch
from torch import Tensor

BANDS = 8
"""Anchors of the equaliser, an octave apart, the highest at half the sample rate."""
SILENCE = 1e-4
"""Root mean square, -80 dBFS: a quieter clip gets as much noise as a clip of this level."""


def equalised(audio: Tensor, decibels: Tensor, *, loop: bool = False) -> Tensor:
    """Filter clips with the given gains at the anchors, interpolated smoothly.

    Frequencies below the lowest anchor have its gain. The filters have minimum phase: attacks get
    no pre-echo.

    Args:
        audio: `(B, C, T)`.
        decibels: `(B, BANDS)`, lowest anchor first.
        loop: the ringing at the end of a clip continues at its beginning; else it is cut off.
    """
    length = audio.shape[-1]
    size = length if loop else 2 * length
    response = _minimum_phase(_curve(decibels.to(audio), size) * math.log(10) / 20, size)
    spectrum = torch.fft.rfft(audio, n=size) * response[:, None]
    filtered: Tensor = torch.fft.irfft(spectrum, n=size)[..., :length]
    return filtered


def noisy(audio: Tensor, noise: Tensor, ratio: Tensor) -> Tensor:
    """Add noise `(B, C, T)` with `ratio` (B,) times the root mean square of each clip."""
    power = audio.square().mean((1, 2)) + SILENCE**2
    return audio + noise * (ratio.to(audio) * power.sqrt())[:, None, None]


def _curve(decibels: Tensor, size: int) -> Tensor:
    """Gains `(B, size // 2 + 1)` of a transform's bins: raised cosines between the anchors."""
    bins = torch.arange(size // 2 + 1, device=decibels.device, dtype=decibels.dtype)
    place = (torch.log2(2 * bins / size) + BANDS - 1).clamp(0, BANDS - 1)
    below = place.floor().long().clamp(max=BANDS - 2)
    share = (1 - torch.cos(math.pi * (place - below))) / 2
    return torch.lerp(decibels[:, below], decibels[:, below + 1], share)


def _minimum_phase(logs: Tensor, size: int) -> Tensor:
    """The minimum-phase response for log magnitudes: the cepstrum is folded onto positive time."""
    cepstrum = torch.fft.irfft(logs, n=size)
    fold = torch.zeros_like(cepstrum[0])
    fold[0] = 1
    fold[1 : (size + 1) // 2] = 2
    if size % 2 == 0:
        fold[size // 2] = 1
    response: Tensor = torch.fft.rfft(cepstrum * fold).exp()
    return response
