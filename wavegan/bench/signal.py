"""A fixed synthetic voice, the input of all measurements of vocoders."""

import math

import torch
from torch import Tensor

DESCRIPTION = "a synthetic voice: vowels of 90 to 150 Hz, hisses and pauses"
HARMONICS = 24
FORMANTS = ((500.0, 90.0), (1500.0, 140.0), (2500.0, 200.0))
"""Frequency and width of a neutral vowel's resonances, Hz."""


def voice(seconds: float, sample_rate: int) -> Tensor:
    """Audio `(T,)` in [-1, 1]; the values are the same on every machine, up to rounding.

    Args:
        seconds: its length.
        sample_rate: Hz.
    """
    time = torch.arange(max(round(seconds * sample_rate), 1)) / sample_rate
    pitch = 120 + 30 * torch.sin(2 * math.pi * 0.7 * time)
    phase = 2 * math.pi * torch.cumsum(pitch, 0) / sample_rate
    wave = torch.zeros_like(time)
    for number in range(1, HARMONICS + 1):
        there = number * pitch < sample_rate / 2
        wave += there * _resonance(number * pitch) * torch.sin(number * phase)
    noise = torch.randn(len(time), generator=torch.Generator().manual_seed(0))
    # about three syllables a second; every other one ends in a hiss
    syllable = torch.sin(math.pi * 3 * time).clamp(0, 1)
    hiss = torch.sin(math.pi * 1.5 * time + 1).clamp(0.8, 1) - 0.8
    mixed = syllable * wave + hiss * noise + 1e-4 * noise
    return 0.9 * mixed / mixed.abs().max()


def _resonance(frequency: Tensor) -> Tensor:
    """Gain of the vowel at a frequency."""
    gains = [1 / (1 + ((frequency - centre) / width) ** 2) for centre, width in FORMANTS]
    return torch.stack(gains).sum(0) + 0.02
