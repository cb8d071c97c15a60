"""Convert ParallelWaveGAN's `HiFiGANGenerator`.

Its discriminators differ from those of the packaged recipes and are left out: the last kernel of
each period has 2 taps instead of 3, and the scales of the published configurations divide the rate
by 4 instead of 2.
"""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from torch import Tensor

from wavegan.errors import UserError
from wavegan.interop._keys import Rules, rename
from wavegan.interop.pwg.options import mono, options
from wavegan.interop.pwg.residual import residual_activation
from wavegan.layers.blocks import HIFIGAN_SLOPE

PARAMS = {
    "in_channels": "n_mels",
    "channels": "upsample_initial_channel",
    "kernel_size": "kernel_size",
    "upsample_scales": "upsample_rates",
    "upsample_kernel_sizes": "upsample_kernel_sizes",
    "resblock_kernel_sizes": "resblock_kernel_sizes",
    "resblock_dilations": "resblock_dilation_sizes",
    "bias": "bias",
    "use_causal_conv": "causal",
    "out_channels": None,
    "use_additional_convs": None,
    "nonlinear_activation": None,
    "nonlinear_activation_params": None,
    # weights load with norm or without
    "use_weight_norm": None,
}
RATES, KERNELS = (8, 8, 2, 2), (16, 16, 4, 4)


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
    mono(params, file)
    rates = list(made.get("upsample_rates", RATES))
    _check_kernels(rates, list(made.get("upsample_kernel_sizes", KERNELS)), file)
    made |= residual_activation(params, HIFIGAN_SLOPE, file)
    doubled, causal = params.get("use_additional_convs", True), made.get("causal", False)
    made["resblock"] = "1" if doubled else "2"
    made["output_padding"] = not causal and any(rate % 2 for rate in rates)
    return {"name": "hifigan", **made}, rename(weights, _rules(doubled, causal), file)


def _check_kernels(rates: list[Any], kernels: list[Any], file: Path) -> None:
    """The project pads by the rate, which is only right for kernels of twice the rate."""
    if kernels != [2 * rate for rate in rates]:
        raise UserError(
            f"generator_params.upsample_kernel_sizes is {kernels}: each must be twice its "
            f"rate in generator_params.upsample_scales {rates}, as the project requires",
            at=file,
        )


def _rules(doubled: bool, causal: bool) -> Rules:
    """Each convolution follows its activation; causal ones have one more wrapper."""
    conv, deconv = (r"\.conv", r"\.deconv") if causal else ("", "")
    rules = [
        (rf"input_conv{conv}\.(.+)", r"conv_pre.\1"),
        (rf"upsamples\.(\d+)\.1{deconv}\.(.+)", r"ups.\1.\2"),
        (rf"output_conv\.1{conv}\.(.+)", r"conv_post.\1"),
    ]
    names = "(convs[12])" if doubled else "(convs)1"
    block = rf"blocks\.(\d+)\.{names}\.(\d+)\.1{conv}\.(.+)"
    return [*rules, (block, r"resblocks.\1.\2.\3.\4")]
