"""Convert ParallelWaveGAN's `MelGANGenerator`, with one band or several, and its discriminator."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from torch import Tensor

from wavegan.errors import UserError, suggest
from wavegan.interop._keys import Rules, rename
from wavegan.interop._melgan import rules
from wavegan.interop.pwg.options import options
from wavegan.interop.pwg.residual import residual_activation
from wavegan.layers.blocks import MELGAN_SLOPE

PARAMS = {
    "in_channels": "n_mels",
    "out_channels": "bands",
    "kernel_size": "kernel_size",
    "channels": "upsample_initial_channel",
    "bias": "bias",
    "upsample_scales": "upsample_rates",
    "stack_kernel_size": "residual_kernel_size",
    "stacks": "residual_layers",
    "use_final_nonlinear_activation": "final_tanh",
    "use_causal_conv": "causal",
    "nonlinear_activation": None,
    "nonlinear_activation_params": None,
    "pad": None,
    "pad_params": None,
    # weights load with norm or without
    "use_weight_norm": None,
}
PADS: Mapping[str, tuple[str, Mapping[str, Any]]] = {
    "ReflectionPad1d": ("reflect", {}),
    "ReplicationPad1d": ("replicate", {}),
    "CircularPad1d": ("circular", {}),
    "ZeroPad1d": ("zeros", {}),
    "ConstantPad1d": ("zeros", {"value": 0}),
}
DISCRIMINATOR = "MelGANMultiScaleDiscriminator"

# settings of the discriminator that do not follow from the shapes of its weights
DISCRIMINATOR_PARAMS: Mapping[str, Any] = {
    "downsample_pooling": "AvgPool1d",
    "downsample_pooling_params": {
        "kernel_size": 4,
        "stride": 2,
        "padding": 1,
        "count_include_pad": False,
    },
    "nonlinear_activation": "LeakyReLU",
    "nonlinear_activation_params": {"negative_slope": 0.2},
    "pad": "ReflectionPad1d",
    "pad_params": {},
}
LAYERS = r"(discriminators\.\d+)\.layers\."
DISCRIMINATOR_RULES: Rules = [
    (LAYERS + r"0\.1\.(.+)", r"\1.convs.0.\2"),
    (LAYERS + r"(\d+)\.0\.(.+)", r"\1.convs.\2.\3"),
    (LAYERS + r"\d+\.(bias|weight\w*)", r"\1.conv_post.\2"),
]


def generator(
    params: Mapping[str, Any], weights: Mapping[str, Tensor], file: Path
) -> tuple[dict[str, Any], dict[str, Tensor]]:
    """The generator's options, including `name` and `n_mels`, and its renamed weights.

    Args:
        params: `generator_params`.
        weights: weights by the project's names, with weight norm or folded.
        file: the configuration, for messages.

    Raises:
        UserError: a setting or weight (in the message) has no counterpart here.
    """
    made = options(params, PARAMS, file, "generator_params")
    made |= residual_activation(params, MELGAN_SLOPE, file)
    made["padding_mode"] = _padding_mode(params, file)
    places = _rules(
        len(made.get("upsample_rates", (8, 8, 2, 2))),
        made.get("residual_layers", 3),
        made.get("causal", False),
    )
    return {"name": "melgan", **made}, rename(weights, places, file)


def discriminators(
    config: Mapping[str, Any], weights: Mapping[str, Tensor], file: Path
) -> dict[str, dict[str, Tensor]]:
    """The weights of `msd`, if the discriminator is MelGAN's; empty for other types.

    Args:
        config: the whole configuration.
        weights: weights by the project's names.
        file: file of the weights, for messages.
    """
    params = config.get("discriminator_params") or {}
    same = all(params.get(key, value) == value for key, value in DISCRIMINATOR_PARAMS.items())
    if config.get("discriminator_type") != DISCRIMINATOR or not same:
        return {}
    return {"msd": rename(weights, DISCRIMINATOR_RULES, file)}


def _padding_mode(params: Mapping[str, Any], file: Path) -> str:
    name, given = params.get("pad", "ReflectionPad1d"), params.get("pad_params") or {}
    if name not in PADS:
        raise UserError(
            f"generator_params.pad {name!r} is not supported{suggest(str(name), PADS)}", at=file
        )
    mode, arguments = PADS[name]
    if given != arguments:
        raise UserError(
            f"generator_params.pad_params {given} of pad {name} is not supported: only "
            f"{dict(arguments)} is",
            at=file,
        )
    return mode


def _rules(stages: int, layers: int, causal: bool) -> Rules:
    """Indices of the modules in the `nn.Sequential`; causal ones have one more wrapper."""
    conv, deconv, first = (".conv", ".deconv", 0) if causal else ("", "", 1)
    ups = [first + 2 + stage * (2 + layers) for stage in range(stages)]
    residual = [f"melgan.{up + 1 + layer}" for up in ups for layer in range(layers)]
    # follows an activation, and a padding module if there is one
    last = first + 2 + stages * (2 + layers) + first
    return rules(
        f"melgan.{first}{conv}",
        [f"melgan.{up}{deconv}" for up in ups],
        [
            (f"{each}.stack.{first + 1}{conv}", f"{each}.stack.{first + 3}", f"{each}.skip_layer")
            for each in residual
        ],
        f"melgan.{last}{conv}",
    )
