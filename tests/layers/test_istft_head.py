"""Magnitudes and phases to waves: against torch's and a frame-by-frame inverse STFT."""

import math
from typing import Any

import pytest
import torch
from torch import Tensor
from torch.nn.functional import fold

from wavegan.errors import UserError
from wavegan.layers.istft_head import ISTFTHead, PolarISTFT


def polar(frames: int, bins: int, *batch: int) -> tuple[Tensor, Tensor]:
    noise = torch.Generator().manual_seed(0)
    magnitude = torch.rand(*batch, bins, frames, generator=noise)
    return magnitude, 9 * torch.randn(*batch, bins, frames, generator=noise)


def folded(spectrum: Tensor, n_fft: int, hop: int) -> Tensor:
    """Overlap-add by `fold`, of which (n_fft - hop) / 2 samples are cut off on both sides."""
    window = torch.hann_window(n_fft)
    frames = spectrum.shape[-1]
    shape: dict[str, Any] = {
        "output_size": (1, (frames - 1) * hop + n_fft),
        "kernel_size": (1, n_fft),
        "stride": (1, hop),
    }
    parts = torch.fft.irfft(spectrum, n_fft, dim=1) * window[:, None]
    weights = window.square()[None, :, None].expand(1, -1, frames)
    cut = (n_fft - hop) // 2
    return (fold(parts, **shape) / fold(weights, **shape).clamp(min=1e-9))[:, 0, 0, cut:-cut]


@pytest.mark.parametrize(("n_fft", "hop"), [(64, 16), (64, 20), (48, 40), (16, 4)])
def test_same_equals_overlap_add_by_fold(n_fft: int, hop: int) -> None:
    magnitude, phase = polar(9, n_fft // 2 + 1, 2)
    expected = folded(magnitude * torch.exp(1j * phase), n_fft, hop)
    wave = PolarISTFT(n_fft, hop, "same")(magnitude, phase)
    assert wave.shape == expected.shape == (2, 9 * hop)
    assert (wave - expected).abs().max() < 1e-5 * expected.abs().max()


@pytest.mark.parametrize(("n_fft", "hop"), [(64, 16), (64, 20), (48, 40), (16, 4)])
def test_center_equals_torchs(n_fft: int, hop: int) -> None:
    magnitude, phase = polar(9, n_fft // 2 + 1, 2)
    spectrum = magnitude * torch.exp(1j * phase)
    expected = torch.istft(spectrum, n_fft, hop, window=torch.hann_window(n_fft), center=True)
    wave = PolarISTFT(n_fft, hop, "center")(magnitude, phase)
    assert wave.shape == expected.shape == (2, 8 * hop)
    assert (wave - expected).abs().max() < 1e-5 * expected.abs().max()


def test_each_channel_has_its_own_half_of_the_layer() -> None:
    torch.manual_seed(0)
    stereo, mono = ISTFTHead(6, 16, 4, "same", 2), ISTFTHead(6, 16, 4, "same")
    frames = torch.randn(3, 5, 6)
    both = stereo(frames)
    assert both.shape == (3, 2, 20)
    for channel in range(2):
        rows = slice(18 * channel, 18 * (channel + 1))
        weights = {"weight": stereo.out.weight[rows], "bias": stereo.out.bias[rows]}
        mono.out.load_state_dict(weights)
        torch.testing.assert_close(mono(frames)[:, 0], both[:, channel])


def test_magnitudes_stop_at_a_hundred_and_gradients_stay_finite() -> None:
    head = ISTFTHead(1, 16, 4, "same")
    with torch.no_grad():
        head.out.weight.zero_()
        head.out.bias.zero_()
        head.out.bias[1] = 500.0
    wave = head(torch.zeros(1, 9, 1))
    expected = torch.full((1, 9, 9), 1.0)
    expected[:, 1] = 100.0
    loudest = PolarISTFT(16, 4, "same")(expected, torch.zeros(1, 9, 9))
    torch.testing.assert_close(wave[0], loudest, rtol=1e-5, atol=1e-5)
    wave.square().sum().backward()
    assert head.out.bias.grad is not None
    assert head.out.bias.grad.isfinite().all()
    assert head.out.bias.grad[1] == 0
    assert head.out.bias.grad[0] != 0


def test_phases_keep_their_digits_inside_autocast() -> None:
    torch.manual_seed(0)
    head = ISTFTHead(6, 64, 16, "same")
    with torch.no_grad():
        head.out.weight[33:].mul_(20 * math.pi)
    frames = torch.randn(1, 9, 6)
    outside = head(frames)
    with torch.autocast("cpu", dtype=torch.bfloat16):
        inside = head(frames)
    assert inside.dtype == torch.float32
    assert torch.equal(inside, outside)


@pytest.mark.parametrize(("n_fft", "hop", "fitting"), [(15, 4, 16), (16, 16, 18), (8, 300, 302)])
def test_refuses_frames_with_gaps(n_fft: int, hop: int, fitting: int) -> None:
    with pytest.raises(
        UserError, match=rf"^n_fft {n_fft} must .* hop_length {hop}: use {fitting}$"
    ):
        PolarISTFT(n_fft, hop, "center")
    assert PolarISTFT(fitting, hop, "center").n_fft == fitting


def test_refuses_a_hop_of_nothing() -> None:
    with pytest.raises(UserError, match=r"istft_n_fft 16 must .* use 16 and istft_hop_length 1$"):
        PolarISTFT(16, 0, "center", names=("istft_n_fft", "istft_hop_length"))
