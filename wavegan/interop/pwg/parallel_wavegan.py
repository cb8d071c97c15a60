"""Convert Parallel WaveGAN of github.com/kan-bayashi/ParallelWaveGAN (MIT)."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from torch import Tensor

from wavegan.errors import UserError, suggest
from wavegan.interop._keys import Rules, moved, rename
from wavegan.interop.pwg.options import activation, mono, options

MEMBER = "pwg"
"""Name of these discriminators in the packaged recipes."""

PARAMS = {
    "in_channels": "noise_channels",
    "kernel_size": "kernel_size",
    "layers": "layers",
    "stacks": "stacks",
    "residual_channels": "residual_channels",
    "gate_channels": "gate_channels",
    "skip_channels": "skip_channels",
    "aux_context_window": "aux_context_window",
    "dropout": "dropout",
    "bias": "bias",
    "use_weight_norm": "weight_norm",
    "use_causal_conv": "causal",
    "aux_channels": None,
    "out_channels": None,
    "upsample_conditional_features": None,
    "upsample_net": None,
    "upsample_params": None,
}
UPSAMPLE_PARAMS = {
    "upsample_scales": "upsample_rates",
    "interpolate_mode": "interpolate_mode",
    "freq_axis_kernel_size": "freq_axis_kernel_size",
    "nonlinear_activation": None,
    "nonlinear_activation_params": None,
    # the project itself overwrites these by the generator's values
    "use_causal_conv": None,
    "aux_channels": None,
    "aux_context_window": None,
}
NETS = {"ConvInUpsampleNetwork": "conv_in", "UpsampleNetwork": "plain"}

_BLOCKS: Rules = [
    (r"conv_layers\.(\d+)\.conv\.(.+)", r"wavenet.blocks.\1.dilated.\2"),
    (r"conv_layers\.(\d+)\.conv1x1_aux\.(.+)", r"wavenet.blocks.\1.condition.\2"),
    (r"conv_layers\.(\d+)\.conv1x1_out\.(.+)", r"wavenet.blocks.\1.residual.\2"),
    (r"conv_layers\.(\d+)\.conv1x1_skip\.(.+)", r"wavenet.blocks.\1.skip.\2"),
    *moved({"last_conv_layers.1": "wavenet.conv_mid", "last_conv_layers.3": "wavenet.conv_post"}),
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
    made |= _upsampling(params, file)
    convs, prefix = _smoothing(made), "upsample_net"
    rules = [*_BLOCKS, *moved({"first_conv": "wavenet.conv_pre"})]
    if made["upsample_net"] == "conv_in":
        rules += moved({"upsample_net.conv_in": "context.conv"})
        prefix = "upsample_net.upsample"
    rules += moved({f"{prefix}.up_layers.{old}": f"upsample.convs.{new}" for old, new in convs})
    return {"name": "parallel_wavegan", **made}, rename(weights, rules, file)


def discriminators(
    config: Mapping[str, Any], weights: Mapping[str, Tensor], file: Path
) -> dict[str, dict[str, Tensor]]:
    """The discriminator's weights by its name in the packaged recipes; empty for other types.

    Raises:
        UserError: a weight (in the message) has no counterpart here.
    """
    kind = config.get("discriminator_type", "ParallelWaveGANDiscriminator")
    if kind == "ParallelWaveGANDiscriminator":
        return {MEMBER: rename(weights, _stack(config), file)}
    if kind == "ResidualParallelWaveGANDiscriminator":
        rules = [*_BLOCKS, *moved({"first_conv.0": "wavenet.conv_pre"})]
        return {MEMBER: rename(weights, rules, file)}
    return {}


def _stack(config: Mapping[str, Any]) -> Rules:
    layers = (config.get("discriminator_params") or {}).get("layers", 10)
    places = {f"conv_layers.{2 * layer}": f"convs.{layer}" for layer in range(layers - 1)}
    return moved({**places, f"conv_layers.{2 * (layers - 1)}": "conv_post"})


def _upsampling(params: Mapping[str, Any], file: Path) -> dict[str, Any]:
    if not params.get("upsample_conditional_features", True):
        return {"upsample_net": "plain", "upsample_rates": []} | _no_context(params, file)
    net = str(params.get("upsample_net", "ConvInUpsampleNetwork"))
    if net not in NETS:
        raise UserError(
            f"generator_params.upsample_net {net!r} is not supported{suggest(net, NETS)}", at=file
        )
    where = "generator_params.upsample_params"
    given = params.get("upsample_params", {"upsample_scales": [4, 4, 4, 4]})
    if not isinstance(given, Mapping):
        raise UserError(f"{where} is {given!r}: it must be a mapping", at=file)
    made = {"upsample_net": NETS[net], **options(given, UPSAMPLE_PARAMS, file, where)}
    if not isinstance(made.get("upsample_rates"), list | tuple):
        raise UserError(f"{where}.upsample_scales is missing, or not a list", at=file)
    name = given.get("nonlinear_activation")
    if name is not None:
        function = given.get("nonlinear_activation_params")
        field = f"{where}.nonlinear_activation"
        made["upsample_activation"], made["upsample_leaky_slope"] = activation(
            name, function, file, field
        )
    return made | (_no_context(params, file) if net == "UpsampleNetwork" else {})


def _no_context(params: Mapping[str, Any], file: Path) -> dict[str, Any]:
    """With these networks, the project's own inference fails unless the window is 0."""
    window = params.get("aux_context_window", 2)
    if window:
        raise UserError(
            f"generator_params.aux_context_window {window} needs upsample_net "
            "ConvInUpsampleNetwork: audio and mel would differ in length; set it to 0",
            at=file,
        )
    return {"aux_context_window": 0}


def _smoothing(made: Mapping[str, Any]) -> list[tuple[int, int]]:
    """Indices of the convolutions; each stage stretches, convolves and maybe activates."""
    step = 3 if "upsample_activation" in made else 2
    return [(1 + step * stage, stage) for stage in range(len(made["upsample_rates"]))]
