"""Convert StyleMelGAN of github.com/kan-bayashi/ParallelWaveGAN (MIT)."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from torch import Tensor

from wavegan.interop._keys import Rules, moved, rename
from wavegan.interop.pwg.options import activation, mono, options

MEMBER = "rwd"
"""Name of these discriminators, of random windows, in the packaged recipes."""

PARAMS = {
    "in_channels": "noise_channels",
    "channels": "width",
    "kernel_size": "kernel_size",
    "dilation": "dilation",
    "bias": "bias",
    "noise_upsample_scales": "noise_upsample_rates",
    "upsample_scales": "upsample_rates",
    "upsample_mode": "upsample_mode",
    "gated_function": "gated_function",
    "use_weight_norm": "weight_norm",
    "aux_channels": None,
    "out_channels": None,
    "noise_upsample_activation": None,
    "noise_upsample_activation_params": None,
}
_GENERATOR: Rules = [
    (r"blocks\.(\d+)\.tade([12])\.aux_conv\.0\.(.+)", r"blocks.\1.tade\2.condition.\3"),
    (r"blocks\.(\d+)\.tade([12])\.gated_conv\.0\.(.+)", r"blocks.\1.tade\2.modulation.\3"),
    (r"blocks\.(\d+)\.gated_conv([12])\.(.+)", r"blocks.\1.conv\2.\3"),
    *moved({"output_conv.0": "conv_post"}),
]


def generator(
    params: Mapping[str, Any], weights: Mapping[str, Tensor], file: Path
) -> tuple[dict[str, Any], dict[str, Tensor]]:
    """Convert `generator_params` and weights to plug-in options (with `name`) and weights here.

    Args:
        params: `generator_params` of the configuration.
        weights: weights by the project's names.
        file: file of both, for messages.

    Raises:
        UserError: a setting or weight (in the message) has no counterpart here.
    """
    made = options(params, PARAMS, file, "generator_params")
    mono(params, file)
    slope = {"negative_slope": 0.2}
    made["noise_upsample_activation"], made["noise_upsample_leaky_slope"] = activation(
        params.get("noise_upsample_activation", "LeakyReLU"),
        params.get("noise_upsample_activation_params", slope),
        file,
        "generator_params.noise_upsample_activation",
    )
    stages = len(made.get("noise_upsample_rates", (11, 2, 2, 2)))
    ups = {f"noise_upsample.{2 * stage}": f"noise_ups.{stage}" for stage in range(stages)}
    return {"name": "stylemelgan", **made}, rename(weights, [*_GENERATOR, *moved(ups)], file)


def discriminators(
    config: Mapping[str, Any], weights: Mapping[str, Tensor], file: Path
) -> dict[str, dict[str, Tensor]]:
    """The discriminators' weights by their name in the packaged recipes; empty for other types.

    Raises:
        UserError: a weight (in the message) has no counterpart here.
    """
    if config.get("discriminator_type") != "StyleMelGANDiscriminator":
        return {}
    params = (config.get("discriminator_params") or {}).get("discriminator_params") or {}
    last = len(params.get("downsample_scales", (4, 4, 4, 1))) + 2
    rules: Rules = [
        (r"discriminators\.(\d+)\.layers\.0\.1\.(.+)", r"discriminators.\1.convs.0.\2"),
        (rf"discriminators\.(\d+)\.layers\.{last}\.(.+)", r"discriminators.\1.conv_post.\2"),
        (r"discriminators\.(\d+)\.layers\.(\d+)\.0\.(.+)", r"discriminators.\1.convs.\2.\3"),
    ]
    # filters follow from the settings, so they are not weights here
    learned = {key: value for key, value in weights.items() if not key.startswith("pqmfs.")}
    return {MEMBER: rename(learned, rules, file)}
