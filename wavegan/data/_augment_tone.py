"""Changes of clips in tone, each clip by its own amount; twice differentiable in the audio."""

import math

import torch
from torch import Tensor

BANDS = 8
"""Anchors of an equaliser, an octave apart, the highest at half the sample rate."""
SILENCE = 1e-4
"""Root mean square, -80 dBFS: a quieter clip gets the noise of one of this level."""


def equalised(audio: Tensor, decibels: Tensor, *, loop: bool = False) -> Tensor:
    """Filter clips so that the gains at the anchors are as given, and smooth in between.

    Frequencies below the lowest anchor have its gain. The filters have minimum phase, so that no
    attack gets a forerunner.

    Args:
        audio: `(B, C, T)`.
        decibels: `(B, BANDS)`, lowest anchor first.
        loop: the end of a clip rings on into its beginning; else its ringing is cut off.
    """
    length = audio.shape[-1]
    size = length if loop else 2 * length
    response = _minimum_phase(_curve(decibels.to(audio), size) * math.log(10) / 20, size)
    spectrum = torch.fft.rfft(audio, n=size) * response[:, None]
    made: Tensor = torch.fft.irfft(spectrum, n=size)[..., :length]
    return made


def noisy(audio: Tensor, noise: Tensor, ratio: Tensor) -> Tensor:
    """Add noise `(B, C, T)` of root mean square `ratio` (B,) times that of each clip."""
    power = audio.square().mean((1, 2)) + SILENCE**2
    return audio + noise * (ratio.to(audio) * power.sqrt())[:, None, None]


def _curve(decibels: Tensor, size: int) -> Tensor:
    """Gains `(B, size // 2 + 1)` of a transform's bins, raised cosines between the anchors."""
    bins = torch.arange(size // 2 + 1, device=decibels.device, dtype=decibels.dtype)
    place = (torch.log2(2 * bins / size) + BANDS - 1).clamp(0, BANDS - 1)
    below = place.floor().long().clamp(max=BANDS - 2)
    share = (1 - torch.cos(math.pi * (place - below))) / 2
    return torch.lerp(decibels[:, below], decibels[:, below + 1], share)


def _minimum_phase(logs: Tensor, size: int) -> Tensor:
    """The response whose log magnitudes these are: its cepstrum is folded onto positive time."""
    cepstrum = torch.fft.irfft(logs, n=size)
    fold = torch.zeros_like(cepstrum[0])
    fold[0] = 1
    fold[1 : (size + 1) // 2] = 2
    if size % 2 == 0:
        fold[size // 2] = 1
    response: Tensor = torch.fft.rfft(cepstrum * fold).exp()
    return response
