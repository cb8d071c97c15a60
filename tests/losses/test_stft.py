"""The multi-resolution STFT loss against librosa and against values known by hand."""

import math

import librosa
import numpy as np
import pytest
import torch
from torch import Tensor

from wavegan.errors import UserError
from wavegan.losses.stft import MultiResolutionSTFT


def noise(seed: int, level: float = 0.1, batch: int = 1) -> Tensor:
    return level * torch.randn(batch, 1, 8192, generator=torch.Generator().manual_seed(seed))


def by_librosa(estimate: Tensor, reference: Tensor) -> float:
    """The paper's formula on one clip, with the floor of its code."""
    total = 0.0
    for fft, hop, win in ((1024, 120, 600), (2048, 240, 1200), (512, 50, 240)):
        found, wanted = (
            np.sqrt(
                np.maximum(
                    np.abs(
                        librosa.stft(
                            clip[0, 0].double().numpy(),
                            n_fft=fft,
                            hop_length=hop,
                            win_length=win,
                            pad_mode="reflect",
                        )
                    )
                    ** 2,
                    1e-7,
                )
            )
            for clip in (estimate, reference)
        )
        total += float(np.linalg.norm(wanted - found) / np.linalg.norm(wanted))
        total += float(np.abs(np.log(wanted) - np.log(found)).mean())
    return total / 3


def test_agrees_with_librosa() -> None:
    expected = by_librosa(noise(0), noise(1))
    assert MultiResolutionSTFT()(noise(0), noise(1)).item() == pytest.approx(expected, rel=1e-4)


def test_a_gain_of_half() -> None:
    """Convergence |1 - 1/2|, log distance ln 2, at every resolution."""
    value = MultiResolutionSTFT()(noise(0) / 2, noise(0))
    assert value.item() == pytest.approx(0.5 + math.log(2), rel=1e-3)


def test_a_batch_averages_the_ratios_not_the_norms() -> None:
    """Gains 1/2 and 1 on a loud and a soft clip: (0.5 + ln 2 + 0) / 2 whichever is loud."""
    for levels in ([1.0, 0.01], [0.01, 1.0]):
        reference = noise(0, batch=2) * torch.tensor(levels).reshape(2, 1, 1)
        estimate = reference * torch.tensor([0.5, 1.0]).reshape(2, 1, 1)
        value = MultiResolutionSTFT(floor=1e-14)(estimate, reference).item()
        assert value == pytest.approx((0.5 + math.log(2)) / 2, rel=1e-3)


def test_a_silent_reference_does_not_explode() -> None:
    """Noise of RMS 0.01 against silence is 10 times `quietest` 0.001; the paper's formula divides
    by the floor, sqrt(1e-7) a bin, and gives some 500."""
    silence, one = torch.zeros(1, 1, 8192), (16, 4, 16)
    kept, bare = (
        MultiResolutionSTFT(*([n] for n in one), quietest=quietest) for quietest in (1e-3, 0.0)
    )
    logs = bare(noise(0, level=1e-2), silence).item() - kept(noise(0, level=1e-2), silence).item()
    window = torch.hann_window(16).square().sum().sqrt().item()
    # both hold the same log distance, so the difference is that of the two ratios alone
    ratio = 1e-2 * window / math.sqrt(1e-7) - 10
    assert logs == pytest.approx(ratio, rel=0.1)


def test_quietest_leaves_audible_clips_alone() -> None:
    for level in (0.1, 2e-3):
        pair = noise(0, level), noise(1, level)
        assert torch.equal(MultiResolutionSTFT()(*pair), MultiResolutionSTFT(quietest=0.0)(*pair))


def test_wrong_arguments() -> None:
    with pytest.raises(UserError, match="2, 1, 1 values"):
        MultiResolutionSTFT((1024, 512), (120,), (600,))
    with pytest.raises(UserError, match="win_lengths 2048"):
        MultiResolutionSTFT((1024,), (120,), (2048,))
    with pytest.raises(UserError, match="quietest is -1"):
        MultiResolutionSTFT(quietest=-1.0)
