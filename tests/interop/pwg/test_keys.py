"""ParallelWaveGAN's settings and weight names of two families: each is known, or refused."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest
import torch
import yaml
from torch import Tensor

from wavegan import plugins, recipe
from wavegan.errors import UserError
from wavegan.interop.pwg import parallel_wavegan as parallel
from wavegan.interop.pwg import stylemelgan as style

FILE = Path("checkpoint.pkl")
CONTEXT = {"n_mels": 80, "hop_length": 256, "channels": 1}
BLOCK = ("conv", "conv1x1_aux", "conv1x1_out", "conv1x1_skip")


def build(kind: str, options: Mapping[str, Any], context: Mapping[str, Any]) -> torch.nn.Module:
    rest = {key: value for key, value in options.items() if key != "name"}
    net: torch.nn.Module = plugins.build(kind, options["name"], rest, where=kind, context=context)
    return net


def folder_of(shared: Path, name: str) -> tuple[dict[str, Any], dict[str, Tensor]]:
    folder = shared / "golden" / name
    saved = torch.load(folder / "checkpoint-1000steps.pkl", weights_only=True)
    return yaml.safe_load((folder / "config.yml").read_text()), saved["model"]["generator"]


@pytest.mark.parametrize(
    ("family", "name"), [(parallel, "pwg-parallel-wavegan"), (style, "pwg-style-melgan")]
)
def test_saved_weights_fit_strictly(shared: Path, family: Any, name: str) -> None:
    config, weights = folder_of(shared, name)
    options, renamed = family.generator(config["generator_params"], weights, FILE)
    net = build("generators", options, CONTEXT)
    net.load_state_dict(renamed, strict=True)
    assert len(renamed) == len(weights)
    assert sum(w.numel() for w in weights.values()) == sum(p.numel() for p in net.parameters())
    config["generator_params"].pop("use_weight_norm")
    assert "weight_norm" not in family.generator(config["generator_params"], weights, FILE)[0]
    with pytest.raises(
        UserError, match=r"checkpoint.pkl: the weight 'extra.weight' does not belong"
    ):
        family.generator(config["generator_params"], {**weights, "extra.weight": 0}, FILE)


def parallel_options(**params: Any) -> dict[str, Any]:
    return parallel.generator(params, {}, FILE)[0]


def style_options(**params: Any) -> dict[str, Any]:
    return style.generator(params, {}, FILE)[0]


def test_parallel_wavegan_in_all_its_settings() -> None:
    made = parallel_options(
        in_channels=2, out_channels=1, kernel_size=5, layers=8, stacks=2, residual_channels=8,
        gate_channels=16, skip_channels=12, aux_channels=80, aux_context_window=1, dropout=0.1,
        bias=False, use_weight_norm=False, use_causal_conv=True,
        upsample_conditional_features=True, upsample_net="ConvInUpsampleNetwork",
        upsample_params={
            "upsample_scales": [4, 4, 4, 4], "interpolate_mode": "bilinear",
            "freq_axis_kernel_size": 3, "nonlinear_activation": "LeakyReLU",
            "nonlinear_activation_params": {"negative_slope": 0.4, "inplace": True},
            "use_causal_conv": False, "aux_channels": 80, "aux_context_window": 1,
        },
    )  # fmt: skip
    assert made == {
        "name": "parallel_wavegan", "noise_channels": 2, "kernel_size": 5, "layers": 8,
        "stacks": 2, "residual_channels": 8, "gate_channels": 16, "skip_channels": 12,
        "aux_context_window": 1, "dropout": 0.1, "bias": False, "weight_norm": False,
        "causal": True, "upsample_net": "conv_in", "upsample_rates": [4, 4, 4, 4],
        "interpolate_mode": "bilinear", "freq_axis_kernel_size": 3,
        "upsample_activation": "leaky_relu", "upsample_leaky_slope": 0.4,
    }  # fmt: skip
    build("generators", made, CONTEXT)


def test_what_is_left_out_is_what_the_project_takes() -> None:
    assert parallel_options() == {
        "name": "parallel_wavegan",
        "upsample_net": "conv_in",
        "upsample_rates": [4, 4, 4, 4],
    }
    made = style_options(noise_upsample_activation_params={})
    assert made["noise_upsample_leaky_slope"] == 0.01
    assert style_options()["noise_upsample_leaky_slope"] == 0.2
    assert style_options(noise_upsample_activation="ReLU", noise_upsample_activation_params=None)[
        "noise_upsample_activation"
    ] == "relu"  # fmt: skip


@pytest.mark.parametrize("network", ["ConvInUpsampleNetwork", "UpsampleNetwork"])
@pytest.mark.parametrize("active", [False, True])
def test_smoothing_convolutions_are_counted_past_other_layers(network: str, active: bool) -> None:
    params: dict[str, Any] = {
        "layers": 1, "stacks": 1, "aux_context_window": 0, "upsample_net": network,
        "upsample_params": {"upsample_scales": [8, 4, 8]},
    }  # fmt: skip
    if active:
        params["upsample_params"]["nonlinear_activation"] = "ReLU"
    inner = "upsample_net.upsample" if network.startswith("Conv") else "upsample_net"
    places = (1, 4, 7) if active else (1, 3, 5)
    names = [f"{inner}.up_layers.{place}.weight_v" for place in places]
    _, renamed = parallel.generator(params, {name: torch.zeros(1) for name in names}, FILE)
    assert list(renamed) == [f"upsample.convs.{stage}.weight_v" for stage in range(3)]
    with pytest.raises(UserError, match=r"up_layers\.2\.weight"):
        parallel.generator(params, {f"{inner}.up_layers.2.weight": torch.zeros(1)}, FILE)


def test_a_mel_at_the_audios_rate_needs_no_upsampling() -> None:
    made = parallel_options(upsample_conditional_features=False, aux_context_window=0)
    net = build("generators", made, {"n_mels": 80, "hop_length": 1})
    assert net.hop_length == 1


@pytest.mark.parametrize(
    ("params", "message"),
    [
        ({"upsample_net": "MelGANGenerator"}, r"upsample_net 'MelGANGenerator' is not supported"),
        ({"upsample_net": "UpsampleNetwork"}, r"aux_context_window 2 needs upsample_net"),
        ({"upsample_conditional_features": False}, r"aux_context_window 2 needs"),
        ({"layer": 30}, r"generator_params\.layer is not supported; did you mean 'layers'"),
        ({"upsample_params": {"upsample_scale": [4]}}, r"upsample_params\.upsample_scale .*mean"),
        ({"upsample_params": {}}, r"generator_params\.upsample_params\.upsample_scales is missing"),
        ({"upsample_params": {"upsample_scales": [4], "nonlinear_activation": "PReLU"}},
         r"nonlinear_activation 'PReLU' is not supported"),
        ({"upsample_params": {"upsample_scales": [4], "nonlinear_activation": "ELU",
                              "nonlinear_activation_params": {"alpha": 2.0}}},
         r"nonlinear_activation_params \{'alpha': 2.0\} of .* ELU"),
        ({"out_channels": 4}, r"out_channels 4"),
        ({"upsample_params": [4, 4]}, r"upsample_params is \[4, 4\]: it must be a mapping"),
        ({"upsample_params": {"upsample_scales": 256}}, r"upsample_scales is missing, or not"),
        ({"upsample_params": {"upsample_scales": [4], "nonlinear_activation": "ReLU",
                              "nonlinear_activation_params": 0.2}},
         r"nonlinear_activation_params is 0.2: it must be a mapping"),
    ],
)  # fmt: skip
def test_settings_without_a_counterpart_are_refused(params: dict[str, Any], message: str) -> None:
    with pytest.raises(UserError, match=message) as refusal:
        parallel_options(**params)
    assert str(refusal.value).startswith("checkpoint.pkl: ")
    assert "\n" not in str(refusal.value)


@pytest.mark.parametrize(
    ("params", "message"),
    [
        ({"out_channels": 2}, r"out_channels 2"),
        ({"channel": 64}, r"generator_params\.channel .*mean 'channels'"),
        ({"noise_upsample_activation": "Snake"}, r"noise_upsample_activation 'Snake'"),
        ({"noise_upsample_activation_params": {"slope": 1}}, r"_params \{'slope': 1\}"),
    ],
)
def test_stylemelgans_too(params: dict[str, Any], message: str) -> None:
    with pytest.raises(UserError, match=message):
        style_options(**params)


def norm(*names: str) -> dict[str, Tensor]:
    return {
        f"{name}.{kind}": torch.zeros(1)
        for name in names
        for kind in ("bias", "weight_g", "weight_v")
    }


def fits(kind: dict[str, Any], weights: Mapping[str, Tensor]) -> bool:
    """Whether the keys are those of the discriminator, in the older style of weight norm."""
    net = build("discriminators", kind, {"channels": 1})
    renamed = {
        key.replace("parametrizations.weight.original0", "weight_g").replace(
            "parametrizations.weight.original1", "weight_v"
        )
        for key in net.state_dict()
    }
    return renamed == set(weights)


def test_discriminators_by_their_names_in_the_recipes() -> None:
    convs = norm(*(f"conv_layers.{2 * layer}" for layer in range(10)))
    ((member, weights),) = parallel.discriminators({}, convs, FILE).items()
    recipes = recipe.load("parallel-wavegan").discriminators
    assert {member: recipes[member].name} == {"pwg": "parallel_wavegan"}
    assert fits({"name": "parallel_wavegan"}, weights)
    shorter = {"discriminator_params": {"layers": 3}}
    kept = dict(list(convs.items())[:9])
    assert fits(
        {"name": "parallel_wavegan", "layers": 3},
        parallel.discriminators(shorter, kept, FILE)["pwg"],
    )
    with pytest.raises(UserError, match=r"conv_layers\.6"):
        parallel.discriminators(shorter, convs, FILE)


def test_the_residual_discriminator() -> None:
    blocks = (
        f"conv_layers.{n}.{part}" for n in range(4) for part in BLOCK if part != "conv1x1_aux"
    )
    weights = norm("first_conv.0", *blocks, "last_conv_layers.1", "last_conv_layers.3")
    config = {"discriminator_type": "ResidualParallelWaveGANDiscriminator"}
    kind = {"name": "residual_parallel_wavegan", "layers": 4, "stacks": 2}
    assert fits(kind, parallel.discriminators(config, weights, FILE)["pwg"])


def test_stylemelgans_discriminators_leave_their_filters() -> None:
    layers = ["0.1", *(f"{n}.0" for n in range(1, 6)), "6"]
    weights = norm(*(f"discriminators.{n}.layers.{layer}" for n in range(4) for layer in layers))
    filters = {"pqmfs.1.analysis_filter": torch.zeros(2, 1, 63)}
    config = {"discriminator_type": "StyleMelGANDiscriminator"}
    ((member, renamed),) = style.discriminators(config, weights | filters, FILE).items()
    assert {member: recipe.load("stylemelgan").discriminators[member].name} == {
        "rwd": "stylemelgan"
    }
    assert fits({"name": "stylemelgan"}, renamed)
    with pytest.raises(UserError, match=r"'other\.weight'"):
        style.discriminators(config, weights | {"other.weight": torch.zeros(1)}, FILE)


def test_other_types_of_discriminator_are_left_to_others() -> None:
    other = {"discriminator_type": "MelGANMultiScaleDiscriminator"}
    assert parallel.discriminators(other, {"x": torch.zeros(1)}, FILE) == {}
    assert style.discriminators(other, {"x": torch.zeros(1)}, FILE) == {}
