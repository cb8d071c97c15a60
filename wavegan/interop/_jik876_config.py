"""Read the `config.json` of github.com/jik876/hifi-gan (MIT) and of projects based on it.

BigVGAN and iSTFTNet have the same fields for front-end, stages and residual blocks.
"""

import re
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from torch import Tensor

from wavegan.interop._files import field
from wavegan.mel.front_end import Mel

CONFIG = "config.json"
PEAK = 0.95
"""Peak to which these projects' data loaders scale each file."""
PLAIN_MEL: Mapping[str, tuple[Any, ...]] = {
    "center": (False, None),
    "preemphasis": (0, None, False),
    "mel_scale": ("slaney", None),
    "mel_norm": ("slaney", None),
}
"""Fields of forks that change the mel, with the values that do not change it."""

_MEL = {
    "sample_rate": "sampling_rate",
    "n_fft": "n_fft",
    "hop_length": "hop_size",
    "win_length": "win_size",
    "n_mels": "num_mels",
    "f_min": "fmin",
    "f_max": "fmax",
}
_STAGES = (
    "upsample_rates",
    "upsample_kernel_sizes",
    "upsample_initial_channel",
    "resblock",
    "resblock_kernel_sizes",
    "resblock_dilation_sizes",
)


def front_end(config: Mapping[str, Any], file: Path) -> Mel:
    """HiFi-GAN's formula with the configuration's values.

    Raises:
        UserError: a field is missing, or has an unsupported value.
    """
    return Mel(**{ours: field(config, theirs, file) for ours, theirs in _MEL.items()})


def stages(config: Mapping[str, Any], weights: Mapping[str, Tensor], file: Path) -> dict[str, Any]:
    """The generator's options for stages and residual blocks, as far as the weights use them.

    The projects pair kernels with rates, and dilations with kernels, and ignore the rest of the
    longer list. They use three or two dilations per block, however many are listed.

    Args:
        config: the configuration.
        weights: the generator's weights.
        file: the configuration file, for messages.

    Raises:
        UserError: a field is missing.
    """
    options = {name: field(config, name, file) for name in _STAGES}
    if options["resblock"] in (1, 2):
        # For the number 1 (not the string) the originals build block 2, and most forks block 1.
        options["resblock"] = "1" if any(".convs1." in key for key in weights) else "2"
    for name, partner in (
        ("upsample_kernel_sizes", "upsample_rates"),
        ("resblock_dilation_sizes", "resblock_kernel_sizes"),
    ):
        if isinstance(options[name], list) and isinstance(options[partner], list):
            options[name] = options[name][: len(options[partner])]
    if isinstance(options["resblock_dilation_sizes"], list):
        options["resblock_dilation_sizes"] = [
            each[: _used(weights, block)] if isinstance(each, list) else each
            for block, each in enumerate(options["resblock_dilation_sizes"])
        ]
    return options


def _used(weights: Mapping[str, Tensor], block: int) -> int | None:
    """Number of dilations of a block by its convolutions; None if the weights do not show it."""
    pattern = re.compile(rf"resblocks\.{block}\.convs1?\.\d+\.bias")
    return sum(bool(pattern.fullmatch(key)) for key in weights) or None
