"""ConvNeXt blocks: a residual branch over frames that sees as far as its kernel."""

import pytest
import torch

from wavegan.layers.convnext import ConvNeXtBlock


def block(kernel_size: int = 7, layer_scale: float = 0.1) -> ConvNeXtBlock:
    torch.manual_seed(0)
    return ConvNeXtBlock(6, 12, kernel_size, layer_scale)


@pytest.mark.parametrize("frames", [1, 5, 40])
def test_the_shape_stays(frames: int) -> None:
    x = torch.randn(2, frames, 6)
    y = block()(x)
    assert y.shape == x.shape
    assert not torch.allclose(y, x)


def test_every_parameter_has_a_gradient() -> None:
    net = block()
    net(torch.randn(2, 9, 6)).square().sum().backward()
    assert len(list(net.parameters())) == 9
    for name, parameter in net.named_parameters():
        assert parameter.grad is not None, name
        assert parameter.grad.abs().max() > 0, name


def test_a_scale_of_zero_is_the_identity() -> None:
    x = torch.randn(2, 9, 6)
    assert torch.equal(block(layer_scale=0.0)(x), x)


@torch.no_grad()
def test_the_branch_grows_with_its_scale() -> None:
    x = torch.randn(2, 9, 6)
    tenth, whole = block(layer_scale=0.1)(x) - x, block(layer_scale=1.0)(x) - x
    torch.testing.assert_close(10 * tenth, whole, rtol=1e-4, atol=1e-5)


@pytest.mark.parametrize("kernel_size", [1, 3, 7])
@torch.no_grad()
def test_it_sees_as_far_as_its_kernel(kernel_size: int) -> None:
    net = block(kernel_size)
    x = torch.randn(1, 31, 6)
    changed = x.clone()
    changed[:, 15, 2] += 1
    seen = (net(changed) - net(x)).abs().amax((0, 2)) > 1e-7
    reach = kernel_size // 2
    assert seen.nonzero().flatten().tolist() == list(range(15 - reach, 16 + reach))


@torch.no_grad()
def test_clips_of_a_batch_do_not_mix() -> None:
    net = block()
    x = torch.randn(3, 9, 6)
    torch.testing.assert_close(net(x)[1:2], net(x[1:2]))
