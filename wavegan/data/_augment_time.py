"""Augmentations in time, with an amount per clip; twice differentiable in the audio."""

import math

import torch
from torch import Tensor

HALF = 8
"""Samples on each side that are used to interpolate a value between samples."""
FINENESS = 16
"""Positions between two samples, as a power of 2: exact integers, because float32 would drift."""


def shifted(audio: Tensor, samples: Tensor, *, loop: bool = False) -> Tensor:
    """Shift clips later by `samples` (B,) int64, earlier if negative.

    Args:
        audio: `(B, C, T)`.
        samples: shift of each clip.
        loop: wrap around; else zeros are shifted in.
    """
    length = audio.shape[-1]
    place = torch.arange(length, device=audio.device) - samples[:, None]
    moved = _taken(audio, place % length)
    return moved if loop else torch.where(_inside(place, length)[:, None], moved, 0)


def at_speed(audio: Tensor, speed: Tensor) -> Tensor:
    """Play clips `speed` (B,) times as fast from their first sample: pitch and length change.

    Values between samples are interpolated from 16 samples with a Hann-windowed sinc, which is a
    low-pass filter if the speed is above 1. Zeros follow the end of a clip.

    Args:
        audio: `(B, C, T)`.
        speed: speed of each clip, above 0; 1 changes nothing except rounding.
    """
    length = audio.shape[-1]
    steps = (speed * 2**FINENESS).round().long()[:, None]
    place = torch.arange(length, device=audio.device) * steps
    first = place >> FINENESS
    rest = (place - (first << FINENESS)).to(audio) / 2**FINENESS
    cutoff = (1 / speed.to(audio)).clamp(max=1)[:, None]
    result, total = torch.zeros_like(audio), torch.zeros_like(rest)
    for tap in range(1 - HALF, HALF + 1):
        away = tap - rest
        weight = torch.sinc(cutoff * away) * torch.cos(math.pi / 2 * away / HALF).square()
        value = _taken(audio, (first + tap).clamp(0, length - 1))
        result = result + value * (weight * _inside(first + tap, length))[:, None]
        total = total + weight
    return result / total[:, None]


def masked(audio: Tensor, start: Tensor, samples: int) -> Tensor:
    """Silence `samples` samples of each clip of `(B, C, T)`, beginning at `start` (B,) int64."""
    place = torch.arange(audio.shape[-1], device=audio.device) - start[:, None]
    return torch.where(_inside(place, samples)[:, None], 0, audio)


def _taken(audio: Tensor, place: Tensor) -> Tensor:
    """The samples of `(B, C, T)` at places `(B, T)`."""
    return audio.gather(-1, place[:, None].expand_as(audio))


def _inside(place: Tensor, length: int) -> Tensor:
    return (place >= 0) & (place < length)
