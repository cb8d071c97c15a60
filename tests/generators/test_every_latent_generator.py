"""What every generator of sounds must do."""

from collections.abc import Mapping
from typing import Any, NamedTuple

import pytest
import torch
from torch import Tensor

from wavegan import plugins
from wavegan.errors import UserError
from wavegan.generators.base import LatentGenerator

Options = dict[str, Any]
LABELS, LATENT, CHANNELS = 3, 12, 2


class Case(NamedTuple):
    """One generator, small.

    Attributes:
        options: that make it small.
        variants: further options by name; each is tested in every way.
        rounding: by which a clip alone may differ from the same one in a batch.
    """

    options: Options
    variants: Mapping[str, Options] = {"plain": {}}
    rounding: float = 1e-5


WAYS: Mapping[str, Options] = {"plain": {}, "circular": {"circular": True}}
TABLE = {
    "source_filter": Case(
        {
            "sample_rate": 8000,
            "segment": 1024,
            "dim": 8,
            "dense_dim": 16,
            "bands": 8,
            "spec_n_fft": 64,
            "spec_hop_length": 32,
        },
        {**WAYS, "noise": {"voices": 0}, "chord": {"voices": 3}},
        rounding=2e-4,  # that of a pitch adds up from sample to sample
    ),
    "specgan": Case(
        {"segment": 1024, "dim": 2, "spec_n_fft": 64, "spec_hop_length": 32, "stages": 3}
    ),
    "stylewave": Case(
        {"segment": 512, "dim": 4, "max_dim": 16, "style_dim": 8, "mapping_layers": 2},
        {**WAYS, "filtered": {"upsample": "filtered"}},
    ),
    "wavegan": Case(
        {"segment": 512, "dim": 2, "kernel_size": 5},
        {**WAYS, "nearest": {"upsample": "nearest"}, "norm": {"conditioning": "norm"}},
    ),
}
EACH = [
    pytest.param(name, variant, id=f"{name}-{variant}")
    for name, case in TABLE.items()
    for variant in case.variants
]


def build(name: str, variant: str = "plain", **changed: Any) -> LatentGenerator:
    """Weights that start at 0 and would pass nothing are changed a little."""
    torch.manual_seed(0)
    case = TABLE[name]
    sizes = {"n_labels": LABELS, "latent_dim": LATENT, "channels": CHANNELS}
    options = {**sizes, **case.options, **case.variants[variant], **changed}
    net: LatentGenerator = plugins.find("generators", name)(**options)
    with torch.no_grad():
        for parameter in net.parameters():
            if not parameter.any():
                parameter.normal_(std=0.1)
    return net.eval()


def given(net: LatentGenerator, batch: int = 2, windows: int | None = None) -> dict[str, Any]:
    """Latents, labels and noise, drawn from one seed."""
    random = torch.Generator().manual_seed(1)
    walk = (batch, LATENT) if windows is None else (batch, windows, LATENT)
    positions = None if windows is None else net.positions // 2 * (windows + 1)
    noise = [torch.randn(batch, *s, generator=random) for s in net.noise_shapes(positions)]
    label = torch.arange(batch) % LABELS if net.n_labels else None
    return {"latent": torch.randn(walk, generator=random), "label": label, "noise": noise}


def audio(net: LatentGenerator, **inputs: Any) -> Tensor:
    made: Tensor = net(**inputs)
    return net.to_audio(made, loop=inputs.get("loop", False))


def test_every_latent_generator_is_here() -> None:
    names = plugins.names("generators")
    of_latents = [n for n in names if issubclass(plugins.find("generators", n), LatentGenerator)]
    assert sorted(TABLE) == of_latents


@pytest.mark.parametrize(("name", "variant"), EACH)
@torch.no_grad()
def test_a_latent_makes_a_segment_of_the_datas_shape(name: str, variant: str) -> None:
    net = build(name, variant)
    made = net(**given(net))
    real = torch.rand(2, CHANNELS, net.segment) - 0.5
    assert made.shape == net.represent(real).shape
    assert net.to_audio(made).shape == real.shape
    assert made.isfinite().all()
    assert net.segment % net.positions == 0


@pytest.mark.parametrize(("name", "variant"), EACH)
@pytest.mark.parametrize("loop", [False, True])
@torch.no_grad()
def test_a_walk_is_as_long_as_its_map(name: str, variant: str, loop: bool) -> None:
    net = build(name, variant)
    size, rate = net.positions, net.segment // net.positions
    inputs = given(net, windows=3)
    inputs["noise"] = None
    for positions in (size + 1, 2 * size, 3 * size):
        made = audio(net, **inputs, positions=positions, loop=loop)
        assert made.shape == (2, CHANNELS, positions * rate)


@pytest.mark.parametrize(("name", "variant"), EACH)
@torch.no_grad()
def test_labels_latents_and_noise_are_all_there_is(name: str, variant: str) -> None:
    """The same ones give the same sound, others a different one."""
    net = build(name, variant)
    inputs = given(net)
    first = net(**inputs)
    torch.manual_seed(5)
    assert torch.equal(net(**inputs), first)
    assert not torch.allclose(net(**{**inputs, "label": (inputs["label"] + 1) % 3}), first)
    assert not torch.allclose(net(**{**inputs, "latent": -inputs["latent"]}), first)
    if inputs["noise"]:
        louder = [2 * noise for noise in inputs["noise"]]
        assert not torch.allclose(net(**{**inputs, "noise": louder}), first)


@pytest.mark.parametrize(("name", "variant"), EACH)
@torch.no_grad()
def test_each_item_of_a_batch_is_what_it_is_alone(name: str, variant: str) -> None:
    net, rounding = build(name, variant), TABLE[name].rounding
    inputs = given(net, 3)
    together = net(**inputs)
    for item in range(3):
        alone = net(
            inputs["latent"][item : item + 1],
            inputs["label"][item : item + 1],
            noise=[noise[item : item + 1] for noise in inputs["noise"]],
        )
        torch.testing.assert_close(alone[0], together[item], rtol=1e-4, atol=rounding)


@pytest.mark.parametrize(("name", "variant"), EACH)
def test_gradients_reach_every_parameter(name: str, variant: str) -> None:
    net = build(name, variant).train()
    net(**given(net, 6)).square().mean().backward()
    for key, parameter in net.named_parameters():
        assert parameter.grad is not None, key
        assert parameter.grad.isfinite().all(), key
        assert parameter.grad.abs().max() > 0, key


@pytest.mark.parametrize(("name", "variant"), EACH)
@torch.no_grad()
def test_bfloat16_autocast_stays_close(name: str, variant: str) -> None:
    net = build(name, variant)
    exact = net(**given(net))
    with torch.autocast("cpu", torch.bfloat16):
        rough = net(**given(net)).float()
    assert 0 < (rough - exact).abs().max() < 0.1 * exact.abs().max()


@pytest.mark.parametrize(("name", "variant"), EACH)
@torch.no_grad()
def test_truncation_brings_latents_together(name: str, variant: str) -> None:
    net = build(name, variant)
    inputs = given(net)
    inputs["label"] = torch.zeros(2, dtype=torch.int64)
    inputs["noise"] = [noise[:1].expand_as(noise) for noise in inputs["noise"]]
    free, half, none = (net(**inputs, truncation=psi) for psi in (1.0, 0.5, 0.0))
    apart = [float((made[0] - made[1]).abs().mean()) for made in (free, half, none)]
    assert apart[0] > apart[1] > apart[2]
    assert apart[2] < 1e-5


@pytest.mark.parametrize("name", TABLE)
def test_labels_are_asked_for_and_checked(name: str) -> None:
    net = build(name)
    latent = torch.zeros(2, LATENT)
    for label in (None, torch.tensor([0, LABELS]), torch.tensor([-1, 0])):
        with pytest.raises(UserError, match="label"):
            net(latent, label)


@pytest.mark.parametrize("name", TABLE)
@torch.no_grad()
def test_without_labels_none_are_looked_at(name: str) -> None:
    net = build(name, n_labels=0)
    inputs = given(net)
    first = net(**inputs)
    inputs["label"] = torch.tensor([7, 9])
    assert torch.equal(net(**inputs), first)


@pytest.mark.parametrize("name", TABLE)
@pytest.mark.parametrize("field", ["channels", "latent_dim"])
def test_less_than_one_is_refused(refused: Any, name: str, field: str) -> None:
    options = {**TABLE[name].options, field: 0}
    refused(plugins.find("generators", name), options, field)


@pytest.mark.parametrize("name", TABLE)
def test_a_segment_that_it_does_not_reach_is_refused_with_one_that_it_does(
    refused: Any, name: str
) -> None:
    options = {**TABLE[name].options, "segment": TABLE[name].options["segment"] * 4 + 1}
    refused(plugins.find("generators", name), options, "segment")
