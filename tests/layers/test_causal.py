"""Causal convolutions: nothing later has an effect, and weights fit ordinary ones."""

from typing import Any

import pytest
import torch
from torch.nn.functional import conv1d as plain_conv1d

from wavegan.layers.causal import causal_conv1d, causal_upsample1d
from wavegan.layers.conv import PaddingMode, conv1d, upsample1d


@pytest.mark.parametrize("mode", ["zeros", "reflect", "replicate"])
@pytest.mark.parametrize(("kernel", "dilation"), [(1, 1), (4, 1), (3, 5)])
@torch.no_grad()
def test_no_output_depends_on_a_later_input(mode: PaddingMode, kernel: int, dilation: int) -> None:
    net = causal_conv1d(2, 3, kernel, dilation=dilation, padding_mode=mode)
    x = torch.randn(1, 2, 40)
    changed = x.clone()
    changed[..., 25:] += 1
    one, other = net(x), net(changed)
    assert one.shape == (1, 3, 40)
    assert torch.equal(one[..., :25], other[..., :25])
    assert (one[..., 25:] != other[..., 25:]).all()


@torch.no_grad()
def test_what_stands_before_the_first_sample() -> None:
    x = torch.arange(1.0, 9).reshape(1, 1, 8)
    for mode, before in (
        ("zeros", [0, 0, 0, 0]),
        ("reflect", [5, 4, 3, 2]),
        ("replicate", [1, 1, 1, 1]),
        ("circular", [5, 6, 7, 8]),
    ):
        net = causal_conv1d(1, 1, 3, dilation=2, padding_mode=mode)  # type: ignore[arg-type]
        padded = torch.cat([torch.tensor(before).float().reshape(1, 1, 4), x], -1)
        expected = plain_conv1d(padded, net.weight, net.bias, dilation=2)
        assert torch.allclose(net(x), expected, atol=1e-6), mode


@torch.no_grad()
def test_upsampling_uses_this_sample_and_the_last() -> None:
    net = causal_upsample1d(1, 1, 6, 3, bias=False)
    weight = net.weight[0, 0]
    x = torch.tensor([[[2.0, -1.0, 0.5]]])
    out = net(x)[0, 0].reshape(3, 3)
    for sample, (now, last) in enumerate([(2.0, 2.0), (-1.0, 2.0), (0.5, -1.0)]):
        assert torch.allclose(out[sample], now * weight[:3] + last * weight[3:], atol=1e-6)


@pytest.mark.parametrize("rate", [1, 2, 5])
def test_upsampling_multiplies_the_length(rate: int) -> None:
    assert causal_upsample1d(2, 3, 2 * rate, rate)(torch.randn(2, 2, 7)).shape == (2, 3, 7 * rate)


def test_upsampling_refuses_other_kernels() -> None:
    with pytest.raises(ValueError, match="kernel_size 7 is not twice the rate 3"):
        causal_upsample1d(1, 1, 7, 3)


@pytest.mark.parametrize("bias", [True, False])
def test_the_weights_are_those_of_ordinary_convolutions(bias: bool) -> None:
    pairs: list[tuple[Any, Any]] = [
        (causal_conv1d(2, 3, 5, bias=bias), conv1d(2, 3, 5, bias=bias)),
        (causal_upsample1d(2, 3, 8, 4, bias=bias), upsample1d(2, 3, 8, 4, bias=bias)),
    ]
    for causal, ordinary in pairs:
        shapes = [{k: v.shape for k, v in net.state_dict().items()} for net in (causal, ordinary)]
        assert shapes[0] == shapes[1]
        assert ("bias" in shapes[0]) is bias
        causal(torch.randn(1, 2, 9)).sum().backward()
        for name, parameter in causal.named_parameters():
            assert parameter.grad is not None, name
            assert parameter.grad.abs().max() > 0, name
