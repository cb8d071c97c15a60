"""Snakes against their formulas; the anti-aliased activation against another method and physics."""

from pathlib import Path

import numpy as np
import pytest
import torch
from numpy.typing import NDArray
from torch import Tensor, nn

from wavegan.layers.activations import AntiAliased, Snake, SnakeBeta, half_band


class Square(nn.Module):
    def forward(self, x: Tensor) -> Tensor:
        return x * x


def level_at(wave: Tensor, frequency: float) -> float:
    """Amplitude of a tone in the middle of a wave, cycles per sample."""
    middle = wave.flatten()[100:-100].double().numpy()
    window = np.hanning(len(middle))
    tone = np.exp(-2j * np.pi * frequency * np.arange(len(middle)))
    return float(2 * abs((middle * window * tone).sum()) / window.sum())


def by_hand(x: NDArray[np.float64]) -> NDArray[np.float64]:
    """Square at twice the rate: zeros between the samples, plain convolutions, every second."""
    taps = half_band()
    extended = np.concatenate([[x[0]] * 20, x, [x[-1]] * 20])
    stuffed = np.zeros(2 * len(extended))
    stuffed[::2] = extended
    # the filter is 5.5 samples late; half a sample of it is left, and undone on the way down
    doubled = 2 * np.convolve(stuffed, taps)[45 : 45 + 2 * len(x)]
    squared = doubled**2
    extended = np.concatenate([[squared[0]] * 5, squared, [squared[-1]] * 6])
    return np.convolve(extended, taps[::-1], mode="valid")[::2]


@pytest.mark.parametrize("logscale", [True, False])
def test_the_formulas(logscale: bool) -> None:
    x = torch.linspace(-3, 3, 10).reshape(1, 2, 5)
    snake, beta = Snake(2, logscale=logscale), SnakeBeta(2, logscale=logscale)
    for fresh in (snake, beta):
        assert torch.allclose(fresh(x), x + torch.sin(x) ** 2, atol=1e-6)
    alphas, betas = torch.tensor([0.5, 2.0]), torch.tensor([3.0, 0.25])
    for parameter, value in ((snake.alpha, alphas), (beta.alpha, alphas), (beta.beta, betas)):
        parameter.data = value.log() if logscale else value
    a, b = alphas[:, None], betas[:, None]
    assert torch.allclose(snake(x), x + torch.sin(a * x) ** 2 / a, atol=1e-6)
    assert torch.allclose(beta(x), x + torch.sin(a * x) ** 2 / b, atol=1e-5)


def test_the_low_pass_is_the_published_one(shared: Path) -> None:
    file = shared / "golden" / "bigvgan-v2-small" / "bigvgan_generator.pt"
    weights = torch.load(file, weights_only=True)["generator"]
    for key in ("upsample.filter", "downsample.lowpass.filter"):
        saved = weights[f"resblocks.3.activations.1.{key}"].flatten().numpy()
        assert np.abs(saved - half_band()).max() < 1e-7
    assert half_band().sum() == pytest.approx(1)


@pytest.mark.parametrize("length", [1, 2, 7, 40])
def test_two_implementations_agree(length: int) -> None:
    x = np.random.default_rng(length).normal(size=length)
    made = AntiAliased(Square())(torch.tensor(x, dtype=torch.float32)[None, None])
    assert made.shape == (1, 1, length)
    assert np.abs(made[0, 0].numpy() - by_hand(x)).max() < 1e-5


def test_less_folds_back() -> None:
    """The square of 0.35 cycles per sample is one of 0.7, which samples show as 0.3.

    Twelve taps leave 0.23 of it, 13 dB less.
    """
    x = torch.cos(2 * torch.pi * 0.35 * torch.arange(2000))[None, None]
    assert level_at(x * x, 0.3) == pytest.approx(0.5, rel=1e-3)
    assert level_at(AntiAliased(Square())(x), 0.3) < 0.25 * 0.5


def test_what_is_below_half_the_band_stays() -> None:
    x = torch.cos(2 * torch.pi * 0.05 * torch.arange(2000))[None, None]
    made = AntiAliased(nn.Identity())(x)
    assert level_at(made, 0.05) == pytest.approx(1, abs=0.01)
    assert (made - x)[..., 100:-100].abs().max() < 0.01


def test_gradients_and_keys() -> None:
    net = AntiAliased(SnakeBeta(3))
    x = torch.randn(2, 3, 20, generator=torch.Generator().manual_seed(0), requires_grad=True)
    net(x).square().sum().backward()
    for parameter in (*net.parameters(), x):
        assert parameter.grad is not None
        assert parameter.grad.abs().min() > 0
    assert list(net.state_dict()) == ["act.alpha", "act.beta"]


@torch.no_grad()
def test_bfloat16_autocast_stays_close() -> None:
    x = torch.randn(1, 3, 50, generator=torch.Generator().manual_seed(0))
    net = AntiAliased(Snake(3))
    with torch.autocast("cpu", torch.bfloat16):
        rough = net(x)
    assert rough.dtype is torch.bfloat16
    assert 0 < (rough.float() - net(x)).abs().max() < 0.05
