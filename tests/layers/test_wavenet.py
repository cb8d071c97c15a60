"""WaveNet against a second way to compute it; causality, widths and refusals."""

import math
from typing import Any

import pytest
import torch
import torch.nn.functional as F
from torch import Tensor

from wavegan.layers.normalize_all import normalize_all
from wavegan.layers.wavenet import WaveNet, he_conv1d

SMALL: dict[str, Any] = {
    "in_channels": 2,
    "out_channels": 3,
    "layers": 4,
    "stacks": 2,
    "kernel_size": 3,
    "residual_channels": 5,
    "gate_channels": 8,
    "skip_channels": 6,
    "condition_channels": 7,
    "dropout": 0.0,
    "bias": True,
    "causal": False,
    "activation": F.relu,
}


def at(x: Tensor, shift: int) -> Tensor:
    """What was `shift` samples ago, zeros where nothing was."""
    moved = torch.zeros_like(x)
    for place in range(x.shape[-1]):
        if 0 <= place - shift < x.shape[-1]:
            moved[..., place] = x[..., place - shift]
    return moved


def dilated(conv: Any, x: Tensor, shifts: list[int]) -> Tensor:
    taps = [conv.weight[..., tap] @ at(x, shift) for tap, shift in enumerate(shifts)]
    return torch.stack(taps).sum(0) + conv.bias[:, None]


def point(conv: Any, x: Tensor) -> Tensor:
    y = conv.weight[..., 0] @ x
    return y if conv.bias is None else y + conv.bias[:, None]


@pytest.mark.parametrize("causal", [False, True])
@torch.no_grad()
def test_two_implementations_agree(causal: bool) -> None:
    torch.manual_seed(0)
    net = WaveNet(**{**SMALL, "causal": causal})
    x, condition = torch.randn(1, 2, 40), torch.randn(1, 7, 40)
    hidden, skips = point(net.conv_pre, x), []
    for block, dilation in zip(net.blocks, (1, 2, 1, 2), strict=True):
        shifts = [2 * dilation, dilation, 0] if causal else [dilation, 0, -dilation]
        both = dilated(block.dilated, hidden, shifts) + point(block.condition, condition)
        step = both[:, :4].tanh() * both[:, 4:].sigmoid()
        skips.append(point(block.skip, step))
        hidden = (hidden + point(block.residual, step)) / math.sqrt(2)
    expected = torch.stack(skips).sum(0) / 2
    assert torch.allclose(net.skips(x, condition), expected, atol=1e-5)
    expected = point(net.conv_post, point(net.conv_mid, expected.clamp(min=0)).clamp(min=0))
    assert torch.allclose(net(x, condition), expected, atol=1e-5)


@torch.no_grad()
def test_the_input_may_be_activated_and_a_condition_left_out() -> None:
    torch.manual_seed(0)
    plain = WaveNet(**{**SMALL, "condition_channels": 0})
    other = WaveNet(**{**SMALL, "condition_channels": 0}, input_activation=torch.abs)
    other.load_state_dict(plain.state_dict())
    x = torch.randn(1, 2, 20)
    assert not torch.allclose(plain(x), other(x))
    for net in (plain, other):
        net.conv_pre.weight.data.abs_()
    assert torch.equal(plain(x.abs()), other(x.abs()))


@torch.no_grad()
def test_causal_means_that_the_past_never_changes() -> None:
    torch.manual_seed(0)
    for causal in (True, False):
        net = WaveNet(**{**SMALL, "causal": causal, "kernel_size": 2 if causal else 3})
        x, condition = torch.randn(1, 2, 40), torch.randn(1, 7, 40)
        later = x.clone()
        later[..., 25:] += 1
        before = (net(x, condition) - net(later, condition))[..., :25].abs().max()
        assert (before == 0).item() is causal


def test_dropout_is_for_training() -> None:
    torch.manual_seed(0)
    net = WaveNet(**{**SMALL, "dropout": 0.5})
    x, condition = torch.randn(1, 2, 40), torch.randn(1, 7, 40)
    assert not torch.equal(net(x, condition), net(x, condition))
    net.eval()
    assert torch.equal(net(x, condition), net(x, condition))


@torch.no_grad()
def test_weights_start_at_hes_scale_and_keep_it_under_weight_norm() -> None:
    torch.manual_seed(0)
    conv = he_conv1d(50, 200, 3)
    assert conv.bias is not None
    assert conv.bias.abs().max() == 0
    assert conv.weight.std().item() == pytest.approx(math.sqrt(2 / 150), rel=0.03)
    net = WaveNet(**SMALL)
    before = net.blocks[1].dilated.weight.clone()
    normalize_all(net)
    count = sum(name.endswith("original0") for name, _ in net.named_parameters())
    assert count == 3 + 4 * 4
    assert torch.allclose(net.blocks[1].dilated.weight, before, atol=1e-6)


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"layers": 7, "stacks": 3}, r"layers 7 is not a multiple of stacks 3: use layers 6"),
        ({"layers": 0}, r"layers 0 .*stacks 2: use layers 2"),
        ({"stacks": 0}, r"stacks 0 must be at least 1: use 1"),
        ({"kernel_size": 4}, r"kernel_size 4 must be odd unless causal: use 5"),
        ({"kernel_size": 0, "causal": True}, r"kernel_size 0"),
        ({"gate_channels": 7}, r"gate_channels 7 .* use 5, 8 and 6"),
        ({"skip_channels": 0}, r"skip_channels 0 .* use 5, 8 and 1"),
        ({"dropout": 1.0}, r"dropout 1.0 must be at least 0 and below 1"),
    ],
)
def test_contradictions_are_refused(refused: Any, options: dict[str, Any], message: str) -> None:
    refused(WaveNet, {**SMALL, **options}, message)
