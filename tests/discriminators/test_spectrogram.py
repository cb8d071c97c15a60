"""The critic of log spectrograms: what it sees, its labels, its penalties."""

from typing import Any

import pytest
import torch
from torch import Tensor

from wavegan.discriminators.base import (
    ConditionedDiscriminator,
    Discriminator,
    DiscriminatorOutput,
    Ensemble,
)
from wavegan.discriminators.spectrogram import SpectrogramDiscriminator
from wavegan.errors import UserError
from wavegan.penalties import R1, GradientPenalty

SMALL: dict[str, Any] = {
    "segment": 512,
    "spec_n_fft": 64,
    "spec_hop_length": 32,
    "dim": 4,
    "places": 30,
}


def build(**options: Any) -> SpectrogramDiscriminator:
    torch.manual_seed(0)
    return SpectrogramDiscriminator(**{**SMALL, **options})


def clips(batch: int = 2, seed: int = 1) -> Tensor:
    return torch.randn(batch, 1, 512, generator=torch.Generator().manual_seed(seed)) / 4


def test_sizes_are_halved_until_few_places_are_left() -> None:
    """32 bins and 16 frames: 16 x 8, 8 x 4, then frames are too few to halve: 4 x 4."""
    net = build()
    (output,) = net(clips())
    sizes = [tuple(each.shape[1:]) for each in output.feature_maps]
    assert sizes == [(4, 16, 8), (8, 8, 4), (16, 4, 4)]
    assert output.logits.shape == (2, 1)
    assert build(places=40)(clips())[0].feature_maps[-1].shape == (2, 8, 8, 4)


def test_it_sees_each_bin_in_units_of_its_own_deviation() -> None:
    net = build(bins=20)
    real = clips(64) * torch.linspace(0.01, 1, 512)
    net.fit([real[:32], real[32:]])
    (seen,) = net.preprocess(real)
    assert seen.shape == (64, 1, 20, 16)
    torch.testing.assert_close(seen.mean((0, 1, 3)), torch.zeros(20), rtol=0, atol=1e-3)
    torch.testing.assert_close(seen.square().mean((0, 1, 3)), torch.ones(20), rtol=0, atol=1e-3)


def test_what_is_far_below_the_floor_is_silence() -> None:
    net = build(floor=0.1)
    torch.testing.assert_close(
        net.preprocess(clips() * 1e-6)[0],
        net.preprocess(torch.zeros(2, 1, 512))[0],
        rtol=0,
        atol=1e-3,
    )


def test_labels_are_a_projection() -> None:
    net = build(n_labels=3)
    assert net.projection is not None
    (first,), (second,) = (net(clips(), torch.tensor([k, 0])) for k in (1, 2))
    features = first.feature_maps[-1].flatten(1)
    rows = net.projection.embedding.weight
    moved = (features[0] * (rows[2] - rows[1])).sum()
    torch.testing.assert_close(second.logits[0, 0] - first.logits[0, 0], moved)
    assert torch.equal(second.logits[1], first.logits[1])
    with pytest.raises(UserError, match="label is missing"):
        net(clips())


@pytest.mark.parametrize("silent", [False, True])
def test_r1_is_the_slope_at_the_picture(silent: bool) -> None:
    """So it does not depend on the clip's level if the picture is the same."""
    net = build()
    audio = clips() * (0 if silent else 1)
    seen = net.preprocess(audio)[0].requires_grad_()
    (gradient,) = torch.autograd.grad(net.score([seen])[0].logits.sum(), seen)
    wanted = gradient.flatten(1).square().sum(1).mean()
    torch.testing.assert_close(R1(gamma=2.0)(net, audio, audio), wanted)
    assert wanted < 1


def test_members_that_see_the_same_share_a_slope_and_others_have_their_own() -> None:
    class Line(Discriminator):
        """3 x: a slope of 3 at each of the 512 samples."""

        def forward(self, audio: Tensor) -> list[DiscriminatorOutput]:
            return [DiscriminatorOutput(3 * audio.flatten(1).sum(1), [])]

    critic = build()
    alone = R1(gamma=2.0)(critic, clips(), clips())
    ensemble = Ensemble({"a": Line(), "picture": critic, "b": Line()})
    together = R1(gamma=2.0)(ensemble, clips(), clips())
    torch.testing.assert_close(together - alone, torch.tensor(6.0**2 * 512))
    mixed = GradientPenalty()(Ensemble({"a": Line(), "b": Line()}), clips(), clips(2, 5))
    torch.testing.assert_close(mixed, torch.tensor(6 * 512**0.5 - 1).square())


def test_an_ensemble_hands_on_crops_labels_and_weights() -> None:
    one, two = build(n_labels=3), build(spec_n_fft=128)
    ensemble = Ensemble({"one": one, "two": two}, {"two": 0.5})
    ensemble.fit(iter([clips(8)]))
    for net in (one, two):
        assert net.preprocess(clips(8))[0].mean().abs() < 0.5
    reported = ConditionedDiscriminator(ensemble, torch.tensor([0, 1]))
    outputs = reported(clips())
    assert [output.weight for output in outputs] == [1, 0.5]
    torch.testing.assert_close(outputs[0].logits, one(clips(), torch.tensor([0, 1]))[0].logits)


def test_other_lengths_are_refused() -> None:
    with pytest.raises(UserError, match=r"500 samples.*512"):
        build()(torch.zeros(1, 1, 500))


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"bins": 33}, r"bins 33.*32"),
        ({"kernel_size": 4}, r"kernel_size 4 .*use 5"),
        ({"max_dim": 2}, r"max_dim 2.*use 4"),
        ({"floor": 0.0}, r"floor is 0"),
        ({"segment": 20}, r"segment 20 .*32"),
        ({"places": 0}, r"places 0"),
        ({"spec_hop_length": 40}, r"spec_n_fft 64.*hop_length 40"),
    ],
)
def test_options_that_do_not_fit_are_refused(options: dict[str, Any], message: str) -> None:
    with pytest.raises(UserError, match=message):
        build(**options)
