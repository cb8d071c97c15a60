"""M-STFT: values known by hand, an oracle by librosa, and auraloss."""

import math

import librosa
import numpy as np
import pytest
import torch
from torch import Tensor

from wavegan.metrics.mrstft import MRSTFT

DISTANCE = MRSTFT()


def noise(seed: int) -> Tensor:
    return 0.1 * torch.randn(1, 8192, generator=torch.Generator().manual_seed(seed))


def test_agrees_with_librosa() -> None:
    total = 0.0
    for fft, hop, win in ((1024, 120, 600), (2048, 240, 1200), (512, 50, 240)):
        sizes = {"n_fft": fft, "hop_length": hop, "win_length": win, "pad_mode": "reflect"}
        found, wanted = (
            np.sqrt(
                np.maximum(np.abs(librosa.stft(noise(s)[0].double().numpy(), **sizes)) ** 2, 1e-8)
            )
            for s in (0, 1)
        )
        total += np.linalg.norm(wanted - found) / np.linalg.norm(wanted)
        total += np.abs(np.log(wanted) - np.log(found)).mean()
    assert DISTANCE(noise(0), noise(1), 22050) == pytest.approx(total / 3, rel=1e-4)


def test_agrees_with_auraloss() -> None:
    judge = pytest.importorskip("auraloss.freq").MultiResolutionSTFTLoss()
    for seed, level in ((1, 1.0), (2, 0.01), (3, 0.0)):
        estimate, reference = level * noise(seed), noise(0)
        expected = float(judge(estimate[None], reference[None]))
        assert DISTANCE(estimate, reference, 22050) == pytest.approx(expected, rel=1e-4)


def test_a_gain_of_half() -> None:
    """Convergence 1 - 1/2 and log distance ln 2."""
    assert DISTANCE(noise(0) / 2, noise(0), 22050) == pytest.approx(0.5 + math.log(2), rel=1e-3)


def test_the_reference_is_the_denominator() -> None:
    """The other way round the convergence is 2 - 1."""
    assert DISTANCE(noise(0), noise(0) / 2, 22050) == pytest.approx(1 + math.log(2), rel=1e-3)


def test_channels_are_averaged() -> None:
    """Gains 1/2 and 1: the first channel's distance, halved, however soft that channel is."""
    reference = torch.cat([noise(0) / 10, noise(1)])
    estimate = torch.cat([noise(0) / 20, noise(1)])
    expected = DISTANCE(estimate[:1], reference[:1], 22050) / 2
    assert DISTANCE(estimate, reference, 22050) == pytest.approx(expected, rel=1e-5)


def test_equal_and_silent_clips() -> None:
    silence = torch.zeros(1, 8192)
    assert DISTANCE(noise(0), noise(0), 22050) == 0
    assert DISTANCE(silence, silence, 22050) == 0
    assert math.isfinite(DISTANCE(noise(0), silence, 22050))
