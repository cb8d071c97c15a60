"""StyleMelGAN's block: normalisation undone by the mel, two ways to compute it."""

import pytest
import torch
import torch.nn.functional as F
from torch import Tensor

from wavegan.errors import UserError
from wavegan.layers.tade import TADE, TADEResBlock, stretch


def normal(x: Tensor) -> Tensor:
    centred = x - x.mean(-1, keepdim=True)
    return centred / (centred.square().mean(-1, keepdim=True) + 1e-5).sqrt()


def conv(module: torch.nn.Conv1d, x: Tensor, dilation: int = 1) -> Tensor:
    reach = dilation * (module.weight.shape[-1] // 2)
    return F.conv1d(F.pad(x, (reach, reach)), module.weight, module.bias, dilation=dilation)


def tade(module: TADE, x: Tensor, condition: Tensor, rate: int) -> tuple[Tensor, Tensor]:
    condition = conv(module.condition, condition.repeat_interleave(rate, -1))
    both = conv(module.modulation, condition)
    return both[:, :6] * normal(x).repeat_interleave(rate, -1) + both[:, 6:], condition


@pytest.mark.parametrize("gate", ["softmax", "sigmoid"])
@torch.no_grad()
def test_two_implementations_agree(gate: str) -> None:
    torch.manual_seed(0)
    net = TADEResBlock(6, 4, kernel_size=5, dilation=3, rate=2, gate=gate)  # type: ignore[arg-type]
    x, mel = torch.randn(2, 6, 15), torch.randn(2, 4, 15)
    opened = (lambda g: g.softmax(1)) if gate == "softmax" else torch.sigmoid
    step, condition = tade(net.tade1, x, mel, 1)
    step = conv(net.conv1, step)
    step, condition = tade(net.tade2, opened(step[:, :6]) * step[:, 6:].tanh(), condition, 2)
    step = conv(net.conv2, step, 3)
    expected = x.repeat_interleave(2, -1) + opened(step[:, :6]) * step[:, 6:].tanh()
    out, style = net(x, mel)
    assert out.shape == (2, 6, 30)
    assert torch.allclose(out, expected, atol=1e-5)
    assert torch.allclose(style, condition, atol=1e-5)


@torch.no_grad()
def test_loudness_of_the_features_is_the_conditions_choice() -> None:
    torch.manual_seed(0)
    net = TADE(6, 4, kernel_size=3, rate=1, mode="nearest", bias=True)
    x, mel = torch.randn(1, 6, 50), torch.randn(1, 4, 50)
    assert torch.allclose(net(x, mel)[0], net(100 * x + 7, mel)[0], atol=1e-3)
    assert not torch.allclose(net(x, mel)[0], net(x, 2 * mel)[0], atol=0.1)


@torch.no_grad()
def test_stretching() -> None:
    ramp = torch.arange(4.0)[None, None]
    assert stretch(ramp, 1, "linear") is ramp
    assert stretch(ramp, 2, "nearest")[0, 0].tolist() == [0, 0, 1, 1, 2, 2, 3, 3]
    assert stretch(ramp, 2, "linear")[0, 0, 1:4].tolist() == [0.25, 0.75, 1.25]


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"kernel_size": 8}, r"kernel_size 8 must be odd .* use 7 and 2"),
        ({"dilation": 0}, r"dilation 0 at least 1: use 9 and 1"),
    ],
)
def test_contradictions_are_refused(options: dict[str, int], message: str) -> None:
    with pytest.raises(UserError, match=message):
        TADEResBlock(6, 4, **options)  # type: ignore[arg-type]
