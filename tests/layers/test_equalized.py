"""Equalised layers: level at the start, gradients, two forms of convolution."""

import math

import pytest
import torch
from torch import Tensor
from torch.nn.functional import conv1d, pad

from wavegan.layers.equalized import EqualConv1d, EqualLinear, convolve


@pytest.mark.parametrize("equalized", [True, False])
@pytest.mark.parametrize(("lr_multiplier", "gain"), [(1.0, 1.0), (0.01, 1.0), (0.5, math.sqrt(2))])
@torch.no_grad()
def test_noise_leaves_with_the_deviation_of_the_gain(
    equalized: bool, lr_multiplier: float, gain: float
) -> None:
    torch.manual_seed(0)
    options = {"gain": gain, "lr_multiplier": lr_multiplier, "equalized": equalized}
    dense = EqualLinear(200, 300, **options)
    assert dense(torch.randn(200, 200)).std() == pytest.approx(gain, rel=0.03)
    conv = EqualConv1d(24, 96, 9, groups=2, **options)
    made = conv(torch.randn(4, 24, 500))[..., 4:-4]
    assert made.std() == pytest.approx(gain, rel=0.03)


@torch.no_grad()
def test_the_weights_themselves_are_standard_normal_divided_by_the_multiplier() -> None:
    torch.manual_seed(0)
    assert EqualLinear(200, 200).weight.std() == pytest.approx(1, rel=0.02)
    assert EqualConv1d(64, 64, 9).weight.std() == pytest.approx(1, rel=0.02)
    assert EqualLinear(200, 200, lr_multiplier=0.01).weight.std() == pytest.approx(100, rel=0.02)
    assert EqualConv1d(64, 64, 9, start=0.5).weight.std() == pytest.approx(0.5, rel=0.02)
    plain = EqualConv1d(64, 64, 9, equalized=False).weight
    assert plain.std() == pytest.approx(1 / 24, rel=0.02)  # 1 / sqrt(64 * 9)


def test_gradients_are_scaled_as_the_weights_are() -> None:
    """gain * multiplier / sqrt(fan in) = 2 * 0.1 / sqrt(4 * 25) = 0.02, biases by 0.1."""
    layer = EqualLinear(100, 3, bias=1.5, gain=2.0, lr_multiplier=0.1)
    assert layer.bias is not None
    assert torch.equal(layer.bias, torch.full((3,), 15.0))
    x = torch.arange(100.0)
    layer(x)[1].backward()
    assert layer.weight.grad is not None
    assert layer.bias.grad is not None
    torch.testing.assert_close(layer.weight.grad[1], 0.02 * x)
    torch.testing.assert_close(layer.bias.grad, torch.tensor([0.0, 0.1, 0.0]))
    conv = EqualConv1d(8, 3, 25, bias=None, gain=2.0, lr_multiplier=0.1)
    conv(torch.ones(1, 8, 60))[0, 2, 30].backward()
    assert conv.weight.grad is not None
    torch.testing.assert_close(conv.weight.grad[2], torch.full((8, 25), 0.2 / math.sqrt(200)))


@pytest.mark.parametrize("bias", [0.0, 0.7, None])
@torch.no_grad()
def test_a_bias_starts_as_it_says(bias: float | None) -> None:
    made = EqualLinear(5, 4, bias=bias, lr_multiplier=0.01)(torch.zeros(2, 5))
    torch.testing.assert_close(made, torch.full((2, 4), bias or 0.0))
    made = EqualConv1d(5, 4, 3, bias=bias, lr_multiplier=0.01)(torch.zeros(2, 5, 7))
    torch.testing.assert_close(made, torch.full((2, 4, 7), bias or 0.0))


@pytest.mark.parametrize(("kernel", "groups"), [(1, 1), (1, 2), (5, 1), (5, 3), (9, 6)])
@pytest.mark.parametrize("wrap", [False, True])
def test_the_convolution_is_torchs(kernel: int, groups: int, wrap: bool) -> None:
    """In value, gradient and second derivative; at lengths below the kernel as well."""
    for length in (2, 17):
        torch.manual_seed(length)
        x = torch.randn(2, 6, length, dtype=torch.float64, requires_grad=True)
        weight = torch.randn(12, 6 // groups, kernel, dtype=torch.float64, requires_grad=True)

        def plain(x: Tensor, weight: Tensor) -> Tensor:
            reach = kernel // 2
            if wrap:
                again = [x] * (2 * reach + 1)
                around = torch.cat(again, -1)[..., reach * x.shape[-1] - reach :]
                return conv1d(around[..., : x.shape[-1] + 2 * reach], weight, groups=groups)
            return conv1d(pad(x, (reach, reach)), weight, groups=groups)

        results = []
        for made in (convolve(x, weight, groups=groups, wrap=wrap), plain(x, weight)):
            (slope,) = torch.autograd.grad(made.square().sum(), x, create_graph=True)
            results.append((made, slope, *torch.autograd.grad(slope.square().sum(), [x, weight])))
        for one, other in zip(*results, strict=True):
            torch.testing.assert_close(one, other)


@torch.no_grad()
def test_channels_stay_next_to_each_other_in_memory() -> None:
    """So that the next convolution need not move them."""
    made = convolve(torch.randn(2, 6, 40), torch.randn(8, 6, 5))
    assert made.stride() == (320, 1, 8)
    assert convolve(made * 2 + 1, torch.randn(4, 8, 1)).stride() == (160, 1, 4)
