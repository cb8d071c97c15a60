"""The STFT loss of sub-bands against a second way to compute it and against known values."""

import math
from typing import Any

import pytest
import torch
from torch import Tensor

from wavegan.audio.pqmf import PQMF
from wavegan.errors import UserError
from wavegan.losses.stft import MultiResolutionSTFT
from wavegan.losses.subband_stft import SubbandSTFT

TRIPLES = ((384, 30, 150), (683, 60, 300), (171, 10, 60))


def noise(seed: int, level: float = 0.1, batch: int = 1, channels: int = 1) -> Tensor:
    generator = torch.Generator().manual_seed(seed)
    return level * torch.randn(batch, channels, 8192, generator=generator)


def by_torch(estimate: Tensor, reference: Tensor) -> float:
    """One clip's terms by torch's own framing: convergence over all bands, and log distance."""
    total = 0.0
    found, wanted = (PQMF().analysis(wave)[0] for wave in (estimate, reference))
    for fft, hop, win in TRIPLES:
        a, b = (
            torch.stft(
                bands, fft, hop, win, torch.hann_window(win), return_complex=True
            ).abs().square().clamp(min=1e-7).sqrt()
            for bands in (found, wanted)
        )  # fmt: skip
        total += float((a - b).norm() / b.norm() + (a.log() - b.log()).abs().mean())
    return total / 3


def test_agrees_with_the_published_code() -> None:
    expected = by_torch(noise(0), noise(1))
    assert SubbandSTFT()(noise(0), noise(1)).item() == pytest.approx(expected, rel=1e-5)


def test_a_gain_of_half() -> None:
    """Convergence |1 - 1/2|, log distance ln 2, in every band, for every channel."""
    reference = noise(0, batch=2, channels=2)
    value = SubbandSTFT()(reference / 2, reference)
    assert value.item() == pytest.approx(0.5 + math.log(2), rel=2e-3)


def test_equal_waves_cost_nothing() -> None:
    assert SubbandSTFT()(noise(0), noise(0)).item() == 0


def test_a_batch_averages_clips() -> None:
    loss = SubbandSTFT()
    both = loss(noise(0, batch=2), noise(1, batch=2))
    each = [loss(noise(0, batch=2)[i : i + 1], noise(1, batch=2)[i : i + 1]) for i in range(2)]
    assert both.item() == pytest.approx(float(sum(each)) / 2, rel=1e-5)


@pytest.mark.parametrize("kind", [SubbandSTFT, MultiResolutionSTFT])
def test_the_quietest_reference_means_the_whole_wave(kind: Any) -> None:
    """White noise of that level is taken as it is; a tenth of it has a tenth of its ratio, 1/2."""

    def lost(level: float) -> float:
        reference = noise(0, level)
        pair = reference / 2, reference
        return float(kind(quietest=0, floor=1e-30)(*pair) - kind(quietest=0.01, floor=1e-30)(*pair))

    assert lost(0.0105) == pytest.approx(0, abs=1e-6)
    assert lost(0.001) == pytest.approx(0.45, rel=0.02)


def test_gradients_are_finite_in_silence_and_reach_every_sample() -> None:
    estimate = noise(0).requires_grad_()
    SubbandSTFT()(estimate, torch.zeros_like(estimate)).backward()
    assert estimate.grad is not None
    assert estimate.grad.isfinite().all()
    # the last samples of each band may lie beyond its last frame
    assert (estimate.grad[..., :-64] != 0).all()


def test_autocast_changes_nothing() -> None:
    plain = SubbandSTFT()(noise(0), noise(1))
    with torch.autocast("cpu", torch.bfloat16):
        inside = SubbandSTFT()(noise(0), noise(1))
    assert torch.equal(plain, inside)


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"fft_sizes": [384, 683]}, r"subband_stft: .*have 2, 3, 3 values"),
        ({"win_lengths": [150, 300, 172]}, r"subband_stft: .*win_lengths 172, fft_sizes 171"),
        ({"floor": 0.0}, r"subband_stft: quietest is 0.001 and floor 0.0"),
        ({"bands": 0}, r"bands 0"),
    ],
)
def test_contradictions_are_refused(options: dict[str, Any], message: str) -> None:
    with pytest.raises(UserError, match=message) as refusal:
        SubbandSTFT(**options)
    assert "\n" not in str(refusal.value)
