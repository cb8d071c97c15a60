"""The averaged generator: known values, buffers, weight norm, independence of the other."""

import copy

import pytest
import torch
from torch import Tensor, nn

from wavegan.layers.conv import conv1d
from wavegan.training.ema import EMA


class Scale(nn.Module):
    def __init__(self) -> None:
        super().__init__()
        self.weight = nn.Parameter(torch.zeros(()))
        self.register_buffer("seen", torch.zeros(()))

    def forward(self, x: Tensor) -> Tensor:
        return self.weight * x


def after(decay: float, *values: float) -> list[float]:
    """The averages after each update of a weight that takes these values."""
    net = Scale()
    ema = EMA(net, decay)
    averages = []
    for value in values:
        nn.init.constant_(net.weight, value)
        ema.update_parameters(net)
        averages.append(ema.module.weight.item())
    return averages


def test_the_first_update_copies_and_the_decay_warms_up() -> None:
    """Decays (1 + n) / (10 + n): 2/11 of 5 and 9/11 of 16 are 14, then 3/12 of 14 and 9/12 of 2."""
    assert after(0.999, 5, 16, 2) == pytest.approx([5, 14, 5])


def test_the_decay_is_never_above_its_own() -> None:
    """From decay 0.1 on: 0.1 of 5 and 0.9 of 16 are 14.9, then 0.1 of 14.9 and 0.9 of 2."""
    assert after(0.1, 5, 16, 2) == pytest.approx([5, 14.9, 3.29])
    # 2000 updates: the warm-up has passed 0.99 long since, a last change moves it by a hundredth
    assert after(0.99, *[1.0] * 2000, 2.0)[-1] == pytest.approx(1.01)


def test_buffers_are_copied_not_averaged() -> None:
    net = Scale()
    ema = EMA(net, 0.999)
    for value in (1.0, 2.0, 3.0):
        net.seen.fill_(value)
        ema.update_parameters(net)
        assert ema.module.seen.item() == value


def test_the_raw_network_stays_as_it_is() -> None:
    net = Scale().train()
    ema = EMA(net, 0.5)
    nn.init.constant_(net.weight, 3.0)
    ema.update_parameters(net)
    nn.init.constant_(net.weight, 7.0)
    ema.update_parameters(net)
    assert net.weight.item() == 7
    assert net.weight.requires_grad
    assert net.training
    assert not any(parameter.requires_grad for parameter in ema.parameters())
    assert not ema.module.training
    assert ema(torch.ones(())).item() == pytest.approx(3 * 2 / 11 + 7 * 9 / 11)


def test_weight_norm_is_averaged_by_its_parts() -> None:
    torch.manual_seed(0)
    net = conv1d(2, 2, 3)
    ema = EMA(net, 0.999)
    ema.update_parameters(net)
    before = {key: value.clone() for key, value in net.state_dict().items()}
    with torch.no_grad():
        for parameter in net.parameters():
            parameter.add_(torch.randn_like(parameter))
    ema.update_parameters(net)
    assert {"parametrizations.weight.original0", "parametrizations.weight.original1"} < set(before)
    for key, value in ema.module.state_dict().items():
        torch.testing.assert_close(value, 2 / 11 * before[key] + 9 / 11 * net.state_dict()[key])
    expected = conv1d(2, 2, 3)
    expected.load_state_dict(ema.module.state_dict())
    x = torch.randn(1, 2, 9)
    assert torch.equal(ema(x), expected(x))
    assert not torch.allclose(ema(x), net(x))


def test_a_deep_copy_lives_on_its_own() -> None:
    net = conv1d(2, 2, 3)
    ema = EMA(net, 0.9)
    ema.update_parameters(net)
    copied = copy.deepcopy(ema)
    kept = {key: value.clone() for key, value in copied.state_dict().items()}
    with torch.no_grad():
        net.bias.add_(1.0)
    ema.update_parameters(net)
    assert all(torch.equal(value, kept[key]) for key, value in copied.state_dict().items())
    copied.update_parameters(net)
    assert all(torch.equal(v, ema.state_dict()[key]) for key, v in copied.state_dict().items())
