"""Magnitudes: known spectra, framing, precision, and gradients at silence."""

import math

import pytest
import torch

from wavegan.audio.stft import magnitude, stft
from wavegan.errors import UserError


def test_a_tone_has_the_height_that_its_window_gives() -> None:
    """A sine of amplitude a in a bin's middle is a * sum(window) / 2 = a * n_fft / 4 high."""
    tone = 0.5 * torch.sin(2 * math.pi * 32 / 512 * torch.arange(8192))
    size = magnitude(tone, 512, 128)
    assert size.shape == (257, 65)
    assert size[32, 10:-10].sub(0.5 * 512 / 4).abs().max() < 1e-3
    assert size[:30, 10:-10].max() < 1e-2


def test_power_is_the_square_of_magnitude() -> None:
    wave = torch.randn(4000)
    assert torch.allclose(magnitude(wave, 512, 128, power=2), magnitude(wave, 512, 128) ** 2)


def test_equals_torchs_centred_transform() -> None:
    wave = torch.randn(2, 5000)
    window = torch.hann_window(400)
    expected = torch.stft(wave, 512, 100, 400, window, center=True, return_complex=True)
    assert torch.equal(stft(wave, 512, 100, window), expected)
    assert torch.equal(magnitude(wave, 512, 100, 400), expected.abs())


@pytest.mark.parametrize(("padding", "frames"), [("center", 40), ("same", 39), ("none", 36)])
def test_frames_of_each_padding(padding: str, frames: int) -> None:
    assert magnitude(torch.randn(5000), 512, 128, padding=padding).shape[-1] == frames


def test_paddings_agree_inside() -> None:
    wave = torch.randn(5120)
    alone = magnitude(wave, 512, 128, padding="none")
    assert torch.allclose(magnitude(wave, 512, 128, padding="center")[:, 2:-2], alone, atol=1e-5)


def test_zero_padding_differs_from_reflection_at_the_ends_only() -> None:
    wave = torch.randn(5000)
    reflected, zeros = magnitude(wave, 512, 128), magnitude(wave, 512, 128, pad_mode="zero")
    assert torch.allclose(reflected[:, 3:-3], zeros[:, 3:-3], atol=1e-5)
    assert not torch.allclose(reflected[:, 0], zeros[:, 0], atol=1e-2)


@pytest.mark.parametrize("samples", [1, 50, 256, 257])
def test_waves_too_short_to_reflect_are_padded_with_zeros(samples: int) -> None:
    assert magnitude(torch.ones(samples), 512, 128).shape == (257, 1 + samples // 128)


def test_a_hop_longer_than_the_reflection_still_gives_a_frame() -> None:
    for mode in ("reflect", "zero"):
        short = magnitude(torch.ones(80), 512, 500, padding="same", pad_mode=mode)
        assert short.shape == (257, 1)


def test_floor_comes_before_eps() -> None:
    silence = torch.zeros(2000)
    assert magnitude(silence, 512, 128, eps=1e-4).unique().item() == pytest.approx(1e-2)
    assert magnitude(silence, 512, 128, floor=1e-6).unique().item() == pytest.approx(1e-3)
    both = magnitude(silence, 512, 128, floor=3e-4, eps=1e-4, power=2)
    assert both.unique().item() == pytest.approx(4e-4)


@pytest.mark.parametrize("options", [{}, {"eps": 1e-9}, {"floor": 1e-7}, {"power": 2}])
def test_gradient_is_finite_at_silence(options: dict[str, float]) -> None:
    wave = torch.zeros(1, 3000, requires_grad=True)
    magnitude(wave, 512, 128, **options).sum().backward()
    assert wave.grad is not None
    assert wave.grad.isfinite().all()


def test_the_plain_root_would_not_be() -> None:
    """The failure that the line above guards against."""
    wave = torch.zeros(1, 3000, requires_grad=True)
    magnitude(wave, 512, 128, power=2).sqrt().sum().backward()
    assert wave.grad is not None
    assert wave.grad.isnan().any()


@pytest.mark.parametrize("options", [{}, {"eps": 1e-3}, {"floor": 1e-3}, {"power": 2}])
def test_gradient_is_right(options: dict[str, float]) -> None:
    wave = torch.randn(2, 60, dtype=torch.double, requires_grad=True)
    window = torch.hann_window(16, dtype=torch.double)
    assert torch.autograd.gradcheck(lambda w: magnitude(w, 16, 4, window=window, **options), wave)


def test_float32_inside_autocast() -> None:
    wave = torch.randn(1, 3000)
    with torch.autocast("cpu", dtype=torch.bfloat16):
        inside = magnitude(wave, 512, 128)
        from_half = magnitude(wave.bfloat16(), 512, 128)
    assert inside.dtype == from_half.dtype == torch.float32
    assert torch.equal(inside, magnitude(wave, 512, 128))
    assert magnitude(wave.double(), 512, 128).dtype == torch.float64


def test_short_and_empty_waves_are_refused() -> None:
    with pytest.raises(UserError, match=r"511 samples, .*'none'.* 512"):
        magnitude(torch.randn(511), 512, 128, padding="none")
    with pytest.raises(UserError, match="0 samples"):
        magnitude(torch.zeros(2, 0), 512, 128)
