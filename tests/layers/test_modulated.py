"""Modulated convolutions against StyleGAN2's other form, and the resampling between them."""

import math

import numpy as np
import pytest
import torch
from torch import Tensor
from torch.nn.functional import conv1d, leaky_relu

from wavegan.layers.activations import half_band
from wavegan.layers.antialias_resample import Downsample, Upsample, low_pass, stretch
from wavegan.layers.modulated import ModulatedConv1d, StyledConv1d


def with_own_weights(net: ModulatedConv1d, x: Tensor, style: Tensor) -> list[Tensor]:
    """Each clip convolved with the weights that its style makes, as equations 1 and 3 say."""
    made = []
    for clip, scale in zip(x, net.affine(style), strict=True):
        weight = net.weight * scale[:, None] / math.sqrt(net.weight[0].numel())
        if net.demodulate:
            weight = weight / (weight.square().sum((1, 2), keepdim=True) + 1e-8).sqrt()
        made.append(conv1d(clip[None], weight, padding=weight.shape[-1] // 2)[0])
    return made


@pytest.mark.parametrize("demodulate", [True, False])
@torch.no_grad()
def test_it_equals_weights_modulated_clip_by_clip(demodulate: bool) -> None:
    torch.manual_seed(0)
    net = ModulatedConv1d(6, 4, 5, 7, demodulate=demodulate)
    x, style = torch.randn(3, 6, 20), 3 * torch.randn(3, 7)
    made = net(x, style[:, None])
    torch.testing.assert_close(made, torch.stack(with_own_weights(net, x, style)))


@torch.no_grad()
def test_demodulated_noise_is_as_loud_whatever_the_style() -> None:
    torch.manual_seed(0)
    net = ModulatedConv1d(32, 16, 9, 7)
    x = torch.randn(4, 32, 4000)
    for size in (0.0, 1.0, 100.0):
        made = net(x, size * torch.randn(4, 1, 7))[..., 4:-4]
        torch.testing.assert_close(made.std(2), torch.ones(4, 16), rtol=0.1, atol=0)


@torch.no_grad()
def test_styles_that_change_in_time() -> None:
    """Where one window has the whole share, only its style counts; mixed styles
    are as loud as pure ones."""
    torch.manual_seed(0)
    net = ModulatedConv1d(16, 8, 5, 7)
    x, style = torch.randn(2, 16, 3000), 2 * torch.randn(2, 2, 7)
    share = torch.cat([torch.ones(1000), torch.full((1000,), 0.5), torch.zeros(1000)])
    made = net(x, style, torch.stack([share, 1 - share]))
    torch.testing.assert_close(made[..., :998], net(x, style[:, :1])[..., :998])
    torch.testing.assert_close(made[..., 2002:], net(x, style[:, 1:])[..., 2002:])
    between = made[..., 1002:1998]
    torch.testing.assert_close(
        between, net(x, style.mean(1, keepdim=True))[..., 1002:1998], rtol=1e-4, atol=1e-5
    )
    torch.testing.assert_close(between.std(2), torch.ones(2, 8), rtol=0.1, atol=0)


@pytest.mark.parametrize("filtered", [False, True])
@pytest.mark.parametrize("rate", [1, 2, 3, 4])
def test_a_styled_layer_raises_the_rate(rate: int, filtered: bool) -> None:
    torch.manual_seed(0)
    net = StyledConv1d(6, 4, 5, 7, rate=rate, filtered=filtered)
    assert not net.noise_strength.any()
    torch.nn.init.normal_(net.noise_strength)
    torch.nn.init.normal_(net.bias)
    x, style = torch.randn(2, 6, 11), torch.randn(2, 1, 7)
    noise = torch.randn(2, 1, 11 * rate)
    made = net(x, style, noise, None, False)
    assert made.shape == (2, 4, 11 * rate)
    plain = net.conv(x, style)
    if filtered:
        plain = Upsample(rate)(plain)
    else:
        # channel c of sample p of each position is the convolution's channel 4 p + c
        plain = plain.reshape(2, rate, 4, 11).permute(0, 2, 3, 1).reshape(2, 4, -1)
    expected = leaky_relu(plain + net.noise_strength * noise + net.bias, 0.2) * 2**0.5
    torch.testing.assert_close(made, expected)


def test_the_low_pass_is_the_one_of_anti_aliased_activations() -> None:
    np.testing.assert_allclose(low_pass(2), half_band(), rtol=1e-12)


@pytest.mark.parametrize("rate", [2, 3, 4, 5, 7])
@torch.no_grad()
def test_resampling_passes_the_lower_half_of_the_band_and_stops_the_rest(rate: int) -> None:
    def tone(cycles: float, length: int, step: float = 1.0) -> Tensor:
        """Of so many cycles per sample of the low rate, sampled in the middle of each sample."""
        time = (torch.arange(length, dtype=torch.float64) + 0.5) * step
        return torch.sin(2 * math.pi * cycles * time).float()[None, None]

    inner = slice(10, -10)
    low, high = tone(0.15, 100), tone(0.15, 100 * rate, 1 / rate)
    raised = Upsample(rate)(low)
    assert raised.shape == high.shape
    assert (raised - high)[..., 10 * rate : -10 * rate].abs().max() < 0.02
    lowered = Downsample(rate)(high)
    assert lowered.shape == low.shape
    assert (lowered - low)[..., inner].abs().max() < 0.02
    for cycles in (0.85, 1.0):
        assert Downsample(rate)(tone(cycles, 100 * rate, 1 / rate))[..., inner].abs().max() < 0.02


@pytest.mark.parametrize("rate", [1, 2, 3, 4, 7])
@torch.no_grad()
def test_constants_and_loops(rate: int) -> None:
    up = Upsample(rate)
    torch.testing.assert_close(up(torch.full((1, 2, 9), 0.3)), torch.full((1, 2, 9 * rate), 0.3))
    x = torch.randn(1, 2, 9)
    for made in (lambda x: up(x, True), lambda x: stretch(x, rate, True)):
        torch.testing.assert_close(made(x.roll(1, 2)), made(x).roll(rate, 2))


@torch.no_grad()
def test_stretching_draws_lines() -> None:
    x = torch.tensor([[[0.0, 4.0, 8.0]]])
    assert stretch(x, 2).flatten().tolist() == [0, 1, 3, 5, 7, 8]
    assert stretch(x, 2, True).flatten().tolist() == [2, 1, 3, 5, 7, 6]


@pytest.mark.parametrize("length", [1, 5, 12, 13])
def test_a_lower_rate_keeps_what_is_left_over(length: int) -> None:
    x = torch.randn(2, 3, length, requires_grad=True)
    made = Downsample(4)(x)
    assert made.shape == (2, 3, -(-length // 4))
    torch.autograd.backward([made.square().sum()])
    assert x.grad is not None
    assert x.grad.abs().min() > 0
