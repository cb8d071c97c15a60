"""Folding weight norm, and checkpoints from before parametrizations."""

import copy
import pickle

import pytest
import torch
from torch import nn

from wavegan.layers.conv import Norm, conv1d, normalized, upsample1d
from wavegan.layers.weight_norm import fold_weight_norm


def test_folding_leaves_plain_keys_and_the_same_output() -> None:
    torch.manual_seed(0)
    net = nn.Sequential(conv1d(3, 4, 5), nn.Tanh(), upsample1d(4, 2, 8, 4), nn.Conv1d(2, 1, 1))
    x = torch.randn(2, 3, 20)
    before = net(x)
    assert fold_weight_norm(net) is net
    assert set(net.state_dict()) == {
        f"{i}.{name}" for i in (0, 2, 3) for name in ("weight", "bias")
    }
    assert torch.allclose(net(x), before, atol=1e-6)


def test_folding_reaches_the_outermost_module_itself() -> None:
    assert set(fold_weight_norm(conv1d(2, 2, 3)).state_dict()) == {"weight", "bias"}


def test_folded_weights_can_still_be_trained() -> None:
    conv = fold_weight_norm(conv1d(2, 2, 3))
    conv(torch.ones(1, 2, 8)).sum().backward()
    grad = conv.get_parameter("weight").grad
    assert grad is not None
    assert grad.abs().min() > 0


def test_folding_a_copy_leaves_the_original_as_it_was() -> None:
    conv = conv1d(2, 2, 3)
    x = torch.randn(1, 2, 9)
    before = conv(x)
    folded = fold_weight_norm(copy.deepcopy(conv))
    assert torch.equal(folded(x), before)
    assert torch.equal(conv(x), before)
    assert set(conv.state_dict()) > {"bias", "parametrizations.weight.original0"}
    assert torch.equal(fold_weight_norm(conv)(x), before)


@pytest.mark.parametrize("norm", ["weight", "spectral"])
def test_what_is_folded_can_be_pickled(norm: Norm) -> None:
    conv = fold_weight_norm(normalized(nn.Conv1d(2, 2, 3), norm).eval())
    x = torch.randn(1, 2, 9)
    assert torch.equal(pickle.loads(pickle.dumps(conv))(x), conv(x))


@pytest.mark.parametrize("frozen", [False, True])
@pytest.mark.parametrize("recorded", [False, True])
def test_a_weight_stays_a_parameter_and_frozen_if_it_was(frozen: bool, recorded: bool) -> None:
    conv = conv1d(2, 2, 3).requires_grad_(not frozen)
    with torch.set_grad_enabled(recorded):
        fold_weight_norm(conv)
    found = {name: parameter.requires_grad for name, parameter in conv.named_parameters()}
    assert found == {"weight": not frozen, "bias": not frozen}


def test_spectral_norm_is_folded_too() -> None:
    conv = normalized(nn.Conv1d(3, 4, 5), "spectral").eval()
    x = torch.randn(1, 3, 16)
    before = conv(x)
    fold_weight_norm(conv)
    assert set(conv.state_dict()) == {"weight", "bias"}
    assert torch.allclose(conv(x), before, atol=1e-6)


@pytest.mark.parametrize("transposed", [False, True])
def test_keys_from_before_parametrizations_load(transposed: bool) -> None:
    torch.manual_seed(0)
    conv = upsample1d(3, 4, 6, 2) if transposed else conv1d(3, 4, 5)
    shape = conv.weight.shape
    old = {
        "weight_g": torch.rand(shape[0], 1, 1) + 0.5,
        "weight_v": torch.randn(shape),
        "bias": torch.randn(4),
    }
    conv.load_state_dict(dict(old), strict=True)
    fold_weight_norm(conv)
    length = old["weight_v"].square().sum((1, 2), keepdim=True).sqrt()
    assert torch.allclose(conv.weight, old["weight_g"] * old["weight_v"] / length, atol=1e-6)


def test_half_of_an_old_pair_is_refused() -> None:
    conv = conv1d(3, 4, 5)
    with pytest.raises(RuntimeError, match="Missing key"):
        conv.load_state_dict({"weight_v": torch.randn(4, 3, 5), "bias": torch.randn(4)})
