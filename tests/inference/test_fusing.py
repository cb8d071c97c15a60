"""What follows a layer is computed along with it, and nothing else changes."""

from collections.abc import Callable
from functools import partial
from typing import Any, Literal

import pytest
import torch
from torch import Tensor, nn
from torch.nn import functional
from torch.overrides import TorchFunctionMode

from wavegan.inference.engine import kernels
from wavegan.inference.engine.packing import Packing
from wavegan.inference.engine.running import Running
from wavegan.inference.engine.survey import survey
from wavegan.layers.blocks import MelGANResidual, ResBlock1, ResBlock2
from wavegan.layers.causal import CausalConv1d
from wavegan.layers.convnext import ConvNeXtBlock
from wavegan.layers.fusible import activated, summed
from wavegan.layers.weight_norm import fold_weight_norm

LEAKY = partial(functional.leaky_relu, negative_slope=0.1)


def conv(**options: Any) -> nn.Conv1d:
    return nn.Conv1d(16, 16, **{"kernel_size": 3, "padding": 1, **options})


CONVS: dict[str, tuple[Callable[[], nn.Module], bool]] = {
    "plain": (conv, True),
    "dilated": (lambda: conv(kernel_size=5, dilation=3, padding=6), True),
    "reflected": (lambda: conv(padding_mode="reflect"), True),
    "replicated": (lambda: conv(kernel_size=7, padding=3, padding_mode="replicate"), True),
    "without bias": (lambda: conv(bias=False), True),
    "strided": (lambda: conv(stride=2, padding=1), False),
    "shorter": (lambda: conv(padding=0), False),
    "padded by name": (lambda: conv(padding="same"), False),
    "causal": (lambda: CausalConv1d(16, 16, 3), False),
    "depthwise": (lambda: conv(groups=16), False),
    "another module": (lambda: nn.Sequential(conv()), False),
}
ACTIVATIONS: dict[str, Any] = {
    "leaky": LEAKY,
    "tanh": torch.tanh,
    "elu": functional.elu,
    "another slope": partial(functional.leaky_relu, negative_slope=0.3),
}


@pytest.fixture
def taken(monkeypatch: pytest.MonkeyPatch) -> list[bool]:
    """For each convolution of the engine, whether it took something along."""
    seen: list[bool] = []
    run = kernels.convolution

    def convolution(*args: Any, **after: Any) -> Tensor:
        seen.append(bool(after))
        return run(*args, **after)

    monkeypatch.setattr(kernels, "convolution", convolution)
    return seen


@pytest.mark.parametrize("activation", ACTIVATIONS)
@pytest.mark.parametrize("name", CONVS)
@torch.no_grad()
def test_an_activation_after_a_layer(name: str, activation: str, taken: list[bool]) -> None:
    torch.manual_seed(0)
    layer, x = CONVS[name][0](), torch.randn(2, 16, 90)
    expected = ACTIVATIONS[activation](layer(x))
    with Running(Packing(layer), torch.float32):
        made = activated(layer, ACTIVATIONS[activation], x)
    torch.testing.assert_close(made, expected, rtol=1e-5, atol=1e-5)
    leaky = activation in ("leaky", "another slope")
    assert name == "padded by name" or taken == [CONVS[name][1] and leaky]


@pytest.mark.parametrize("name", CONVS)
@torch.no_grad()
def test_a_sum_after_a_layer(name: str, taken: list[bool]) -> None:
    torch.manual_seed(0)
    layer, x = CONVS[name][0](), torch.randn(2, 16, 90)
    alone = layer(x)
    for other in (torch.randn_like(alone), torch.randn(2, alone.shape[2], 16).mT):
        taken.clear()
        kept = other.clone()
        with Running(Packing(layer), torch.float32):
            made = summed(layer, x, other)
        torch.testing.assert_close(made, other + alone, rtol=1e-5, atol=1e-5)
        assert torch.equal(other, kept)
        assert name == "padded by name" or taken == [CONVS[name][1]]


@torch.no_grad()
def test_a_sum_of_another_shape_is_torchs() -> None:
    layer, x = conv(), torch.randn(2, 16, 90)
    for other in (torch.ones(1), torch.ones(16, 1), torch.ones(2, 1, 90)):
        with Running(Packing(layer), torch.float32):
            made = summed(layer, x, other)
        torch.testing.assert_close(made, other + layer(x), rtol=1e-5, atol=1e-5)


@pytest.mark.parametrize(
    "make",
    [
        lambda: ResBlock1(32, 3, (1, 3)),
        lambda: ResBlock2(32, 5, (1, 2)),
        lambda: MelGANResidual(32, 3),
    ],
)
@torch.no_grad()
def test_blocks(make: Callable[[], nn.Module], taken: list[bool]) -> None:
    torch.manual_seed(0)
    block, x = fold_weight_norm(make().eval()), torch.randn(1, 32, 200)
    expected = block(x)
    with Running(Packing(block), torch.float32):
        made = block(x)
    torch.testing.assert_close(made, expected, rtol=1e-5, atol=1e-5)
    assert taken.count(True) >= len(taken) / 2
    packing = Packing(block)
    with Running(packing, torch.bfloat16):
        half = block(x.bfloat16())
    assert half.dtype == torch.bfloat16
    assert (half - expected).square().sum() < 1e-3 * expected.square().sum()


@pytest.mark.parametrize("dtype", [torch.float32, torch.bfloat16])
@pytest.mark.parametrize("gelu", ["none", "tanh"])
@torch.no_grad()
def test_a_gelu_after_a_linear_layer(
    gelu: Literal["none", "tanh"], dtype: torch.dtype, monkeypatch: pytest.MonkeyPatch
) -> None:
    torch.manual_seed(0)
    seen: list[object] = []
    run = kernels.dense

    def dense(*args: Any, **after: Any) -> Tensor:
        seen.append(after.get("approximate"))
        return run(*args, **after)

    monkeypatch.setattr(kernels, "dense", dense)
    block, x = ConvNeXtBlock(64, 96, 7, 0.5, gelu=gelu), torch.randn(2, 90, 64)
    expected = block(x)
    with Running(Packing(block), dtype):
        made = block(x.to(dtype)).float()
    share = 1e-10 if dtype == torch.float32 else 1e-3
    assert (made - expected).square().sum() < share * expected.square().sum()
    assert seen == [gelu, None]


@torch.no_grad()
def test_hooks_on_a_layer_run(taken: list[bool]) -> None:
    layer, x, seen = conv(), torch.randn(1, 16, 90), []
    layer.register_forward_hook(lambda *given: seen.append(given[2].shape))
    with Running(Packing(layer), torch.float32):
        activated(layer, LEAKY, x)
    assert seen == [(1, 16, 90)]
    assert taken == [False]


def test_gradients_pass_as_they_do_without_an_engine() -> None:
    torch.manual_seed(0)
    block = ResBlock1(16, 3, (1,))
    x = torch.randn(1, 16, 50, requires_grad=True)
    block(x).sum().backward()
    expected, x.grad = x.grad, None
    with Running(Packing(block), torch.float32):
        block(x).sum().backward()
    assert expected is not None
    assert x.grad is not None
    torch.testing.assert_close(x.grad, expected)


def test_layers_inside_are_seen() -> None:
    block = fold_weight_norm(ResBlock1(16, 3, (1,)).eval())
    seen = survey(block, lambda: block(torch.zeros(1, 16, 50)))
    assert set(seen.ends) == {"convs1.0.weight", "convs2.0.weight"}


class Other(TorchFunctionMode):
    """Someone else's mode."""

    def __torch_function__(self, func: Any, types: Any, args: Any = (), kwargs: Any = None) -> Any:
        return func(*args, **(kwargs or {}))


@torch.no_grad()
def test_modes_of_others_change_nothing() -> None:
    torch.manual_seed(0)
    block, x = fold_weight_norm(ResBlock1(16, 3, (1,)).eval()), torch.randn(1, 16, 50)
    expected = block(x)
    with Other(), torch.device("cpu"):
        assert torch.equal(block(x), expected)
        with Running(Packing(block), torch.float32), Other():
            torch.testing.assert_close(block(x), expected, rtol=1e-5, atol=1e-5)
