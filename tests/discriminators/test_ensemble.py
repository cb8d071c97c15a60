"""Several discriminators as one."""

import torch

from wavegan.discriminators.base import Ensemble
from wavegan.discriminators.melgan_msd import MelGANMultiScale
from wavegan.discriminators.mpd import MultiPeriod
from wavegan.discriminators.msd import MultiScale


def members() -> dict[str, MultiPeriod | MultiScale | MelGANMultiScale]:
    torch.manual_seed(0)
    return {
        "mpd": MultiPeriod(periods=[2, 3], layer_channels=[4, 4]),
        "msd": MultiScale(layer_channels=[4, 16, 16, 16, 16, 16, 4]),
        "melgan_msd": MelGANMultiScale(scales=2, base_channels=8, layers=1),
    }


def test_outputs_are_the_members_in_order() -> None:
    parts = members()
    ensemble = Ensemble(parts).eval()
    audio = torch.randn(2, 1, 200)
    outputs = ensemble(audio)
    expected = [output for part in parts.values() for output in part(audio)]
    assert [len(part(audio)) for part in parts.values()] == [2, 3, 2]
    for ours, theirs in zip(outputs, expected, strict=True):
        assert torch.equal(ours.logits, theirs.logits)
        for one, other in zip(ours.feature_maps, theirs.feature_maps, strict=True):
            assert torch.equal(one, other)


def test_outputs_carry_the_weight_of_their_member() -> None:
    audio = torch.randn(1, 1, 200)
    outputs = Ensemble(members(), {"msd": 0.25, "melgan_msd": 3.0})(audio)
    assert [output.weight for output in outputs] == [1, 1, 0.25, 0.25, 0.25, 3, 3]


def test_every_output_is_batch_first() -> None:
    for output in Ensemble(members())(torch.randn(3, 1, 200)):
        assert output.logits.shape[0] == 3
        assert {len(feature_map) for feature_map in output.feature_maps} == {3}


def test_a_batch_is_scored_item_by_item() -> None:
    ensemble = Ensemble(members()).eval()
    audio = torch.randn(3, 1, 200)
    for whole, alone in zip(ensemble(audio), ensemble(audio[1:2]), strict=True):
        assert torch.allclose(whole.logits[1:2], alone.logits, atol=1e-6)


def test_names_become_prefixes() -> None:
    parts = members()
    keys = set(Ensemble(parts).state_dict())
    assert keys == {
        f"members.{name}.{key}" for name, part in parts.items() for key in part.state_dict()
    }


def test_gradients_reach_every_member() -> None:
    ensemble = Ensemble(members())
    outputs = ensemble(torch.randn(2, 1, 200))
    torch.autograd.backward([output.logits.square().mean() for output in outputs])
    for name, parameter in ensemble.named_parameters():
        assert parameter.grad is not None, name
        assert parameter.grad.abs().max() > 0, name
