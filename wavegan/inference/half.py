"""Whether a vocoder may compute in bfloat16: only if that is faster and sounds the same."""

import math
from collections.abc import Callable
from functools import partial
from typing import TYPE_CHECKING

import torch
from torch import Tensor

from wavegan.inference.engine.engine import Engine
from wavegan.inference.engine.timing import speedup
from wavegan.inference.noise import draw
from wavegan.mel.front_end import Mel
from wavegan.mel.spectrogram import MelSpectrogram

if TYPE_CHECKING:
    from wavegan.generators.base import MelGenerator

SAME = 0.05
"""Nepers of log-mel L1 (the front-end of HiFi-GAN) up to which two waveforms sound the same."""
FASTER = 1.1
SECONDS = 0.75


def better(engine: "Engine[MelGenerator]", front_end: MelSpectrogram, peak: float | None) -> bool:
    """Whether bfloat16 is faster, and sounds the same, for a network on a CPU.

    Args:
        engine: runs the vocoder's network.
        front_end: its front-end.
        peak: peak of its training audio, or None.
    """
    return _faster(engine, front_end) and difference(engine, front_end, peak) <= SAME


def difference(
    engine: "Engine[MelGenerator]", front_end: MelSpectrogram, peak: float | None
) -> float:
    """Log-mel L1, in nepers, of bfloat16 and float32 on `vowel`; arguments as in `better`."""
    mel = front_end(vowel(front_end.mel.sample_rate) * (peak or 0.5))[None]
    exact, half = (run()[0, 0] for run in _both(engine, mel))
    rate = front_end.mel.audio_rate
    bands = MelSpectrogram(Mel(sample_rate=rate, f_max=min(8000, rate / 2)))
    return float((bands(exact) - bands(half)).abs().mean())


def _faster(engine: "Engine[MelGenerator]", front_end: MelSpectrogram) -> bool:
    """Measured once per process for networks of one architecture, so that all copies agree."""
    shapes = tuple(tuple(weight.shape) for weight in engine.network.parameters())
    known = (type(engine.network), shapes)
    if known not in _known:
        mel = front_end(vowel(front_end.mel.sample_rate))[None]
        _known[known] = speedup(*_both(engine, mel))
    return _known[known] > FASTER


_known: dict[object, float] = {}


def _both(
    engine: "Engine[MelGenerator]", mel: Tensor
) -> tuple[Callable[[], Tensor], Callable[[], Tensor]]:
    shape = engine.network.noise_shape(mel.shape[-1])
    given = (mel,) if shape is None else (mel, draw(shape, 0))
    return partial(engine.at, "float32", *given), partial(engine.at, "bfloat16", *given)


def vowel(rate: int) -> Tensor:
    """A gliding voice with formants, and breath, between two pauses; `(T,)`, peak 1.

    Args:
        rate: sample rate, Hz.
    """
    time = torch.arange(int(SECONDS * rate)) / rate
    pitch = 120 + 60 * torch.sin(2 * math.pi * time / SECONDS)
    phase = 2 * math.pi * torch.cumsum(pitch, 0) / rate
    wave = 0.01 * torch.randn(len(time), generator=torch.Generator().manual_seed(0))
    for number in range(1, 40):
        overtone = number * pitch
        formants = sum(1 / (1 + ((overtone - at) / 150) ** 2) for at in (600, 1200, 2600, 3500))
        audible = overtone < min(rate / 2, 8000)
        wave = wave + audible * (0.02 + formants) / number**0.5 * torch.sin(number * phase)
    wave = wave * (torch.sin(math.pi * time / SECONDS) ** 2)
    return wave / wave.abs().max()
