"""The mapping network and its averages."""

import pytest
import torch

from wavegan.layers.mapping import Mapping


@torch.no_grad()
def test_styles_do_not_depend_on_how_long_a_latent_is() -> None:
    torch.manual_seed(0)
    net = Mapping(6, 8)
    latent = torch.randn(3, 6)
    torch.testing.assert_close(net(latent), net(7 * latent))
    assert not torch.allclose(net(latent), net(-latent), atol=0.1)


@torch.no_grad()
def test_styles_are_about_as_large_as_latents() -> None:
    """Leaky ReLUs with their gain make 1.04 of a mean square of 1, layer by layer."""
    torch.manual_seed(0)
    for labels in (0, 5):
        net = Mapping(300, 400, labels, layers=3)
        label = torch.randint(labels, (500,)) if labels else None
        assert net(torch.randn(500, 300), label).square().mean() == pytest.approx(1.04**3, rel=0.2)


def test_it_learns_slowly() -> None:
    torch.manual_seed(0)
    fast, slow = Mapping(6, 8, layers=1, lr_multiplier=1), Mapping(6, 8, layers=1)
    slow.load_state_dict({key: 100 * value for key, value in fast.state_dict().items()})
    latent, grads = torch.randn(4, 6), []
    for net in (fast, slow):
        net(latent).sum().backward()
        grads.append(net.layers[0].weight.grad)
    torch.testing.assert_close(grads[1], 0.01 * grads[0])


@torch.no_grad()
def test_averages_are_means_first_and_move_by_the_decay_later() -> None:
    net = Mapping(2, 3, decay=0.75)
    values = [1.0, 2.0, 6.0, 1.0, 2.5]
    expected = [1.0, 1.5, 3.0, 2.5, 2.5]  # means of 1, 2, 3 and 4 values, then 3/4 and 1/4
    for value, average in zip(values, expected, strict=True):
        net.average(torch.full((2, 3), value) + torch.tensor([[0.5], [-0.5]]))
        torch.testing.assert_close(net.w_avg, torch.full((1, 3), average))


@torch.no_grad()
def test_each_label_has_its_average() -> None:
    net = Mapping(2, 1, 3)
    style = torch.tensor([[1.0], [3.0], [10.0]])
    net.average(style, torch.tensor([2, 2, 0]))
    net.average(torch.tensor([[20.0]]), torch.tensor([0]))
    assert net.w_avg.flatten().tolist() == [15.0, 0.0, 2.0]
    assert net.seen.tolist() == [2, 0, 1]
    drawn = net.truncated(style, torch.tensor([2, 0, 1]), 0.25)
    assert drawn.flatten().tolist() == [2 - 0.25, 15 - 3.0, 2.5]


def test_averages_have_no_gradient() -> None:
    net = Mapping(2, 3)
    style = net(torch.randn(4, 2))
    net.average(style)
    assert not net.w_avg.requires_grad
    net.truncated(style, None, 0.5).sum().backward()
    assert net.layers[0].weight.grad is not None


@torch.no_grad()
def test_autocast_leaves_it_in_float32() -> None:
    net = Mapping(6, 8, 2)
    latent, label = torch.randn(3, 6), torch.tensor([0, 1, 1])
    with torch.autocast("cpu", torch.bfloat16):
        rough = net(latent, label)
    assert torch.equal(rough, net(latent, label))
