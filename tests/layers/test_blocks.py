"""How far the residual blocks look, and what they do at the borders."""

import pytest
import torch
from torch import Tensor, nn

from wavegan.layers.blocks import MelGANResidual, ResBlock1, ResBlock2


def reach(block: nn.Module, length: int = 201) -> int:
    """Samples to each side of the middle that the middle's output depends on."""
    x = torch.randn(1, 4, length, requires_grad=True)
    output: Tensor = block(x)
    torch.autograd.backward(output[..., length // 2].sum())
    assert x.grad is not None
    seen = x.grad.abs().sum((0, 1)).nonzero().flatten()
    left, right = length // 2 - int(seen[0]), int(seen[-1]) - length // 2
    assert left == right
    return left


@pytest.mark.parametrize("dilations", [(1,), (1, 3, 5), (1, 2, 4, 8)])
@pytest.mark.parametrize("kernel", [3, 7])
def test_reach_of_hifigan_blocks(kernel: int, dilations: tuple[int, ...]) -> None:
    torch.manual_seed(0)
    half = kernel // 2
    assert reach(ResBlock1(4, kernel, dilations)) == half * sum(d + 1 for d in dilations)
    assert reach(ResBlock2(4, kernel, dilations)) == half * sum(dilations)


def test_reach_of_a_melgan_layer() -> None:
    torch.manual_seed(0)
    assert reach(MelGANResidual(4, 9)) == 9


def test_hifigan_blocks_without_weights_pass_the_signal() -> None:
    x = torch.randn(1, 4, 30)
    for block in (ResBlock1(4, 3, (1, 3)), ResBlock2(4, 3, (1, 3))):
        for name, parameter in block.named_parameters():
            if name.endswith(("bias", "original0")):
                nn.init.zeros_(parameter)
        assert torch.equal(block(x), x)


def test_melgan_reflects_its_borders() -> None:
    torch.manual_seed(0)
    answer = MelGANResidual(4, 3)(torch.full((1, 4, 20), 0.7))
    assert torch.allclose(answer, answer[..., :1].expand_as(answer), atol=1e-6)
