"""Log-spectral distance: values known by hand and a transcription of the definition in numpy."""

import math

import numpy as np
import pytest
import torch
from torch import Tensor

from wavegan.metrics.lsd import LSD


def noise(seed: int, samples: int = 16384) -> Tensor:
    return 0.1 * torch.randn(1, samples, generator=torch.Generator().manual_seed(seed))


def test_agrees_with_the_definition() -> None:
    window = 0.5 - 0.5 * np.cos(2 * np.pi * np.arange(2048) / 2048)
    logs = []
    for seed in (0, 1):
        padded = np.pad(noise(seed)[0].double().numpy(), 1024, mode="reflect")
        starts = range(0, len(padded) - 2047, 512)
        frames = np.stack([padded[start : start + 2048] * window for start in starts])
        logs.append(np.log10(np.maximum(np.abs(np.fft.rfft(frames)) ** 2, 1e-8)))
    expected = np.sqrt(((logs[0] - logs[1]) ** 2).mean(axis=1)).mean()
    assert LSD()(noise(0), noise(1), 22050) == pytest.approx(expected, rel=1e-5)


@pytest.mark.parametrize("decibels", [-20, 10])
def test_ten_decibels_are_one(decibels: float) -> None:
    louder = noise(0) * 10 ** (decibels / 20)
    assert LSD()(louder, noise(0), 22050) == pytest.approx(abs(decibels) / 10, rel=1e-4)


def test_frames_are_averaged_after_the_root() -> None:
    """Half of the frames off by 2: 1 by the mean over frames, sqrt(2) were the root taken last."""
    reference = noise(0, 512 * 400)
    estimate = reference.clone()
    estimate[:, 512 * 200 :] *= 10
    assert LSD()(estimate, reference, 22050) == pytest.approx(1, abs=0.02)


def test_bins_are_averaged_before_the_root() -> None:
    """A quarter of the band off by 4: sqrt(16 / 4) = 2, where plain means would give 1."""
    reference = noise(0, 2048 * 40)
    spectrum = torch.fft.rfft(reference.double())
    spectrum[:, : spectrum.shape[1] // 4] *= 100
    estimate = torch.fft.irfft(spectrum).float()
    assert LSD()(estimate, reference, 22050) == pytest.approx(2, rel=0.02)


def test_equal_and_silent_clips() -> None:
    silence = torch.zeros(1, 16384)
    assert LSD()(noise(0), noise(0), 22050) == 0
    assert LSD()(silence, silence, 22050) == 0
    # the floor is 1e-8; the noise has a power of 0.01 times the window's energy, 768, in a bin
    expected = math.log10(0.01 * 768 / 1e-8)
    assert LSD()(silence, noise(0), 22050) == pytest.approx(expected, rel=0.05)
