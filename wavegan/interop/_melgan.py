"""Find MelGAN's modules and hyper-parameters from the shapes of its weights.

All public projects write the generator as one `nn.Sequential`. Its convolutions outside of residual
layers are the first, one upsampling convolution per stage, and the last.
"""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from torch import Tensor

from wavegan.errors import UserError
from wavegan.interop._keys import Rules, moved

CONV = r"\.(?:weight|weight_v|parametrizations\.weight\.original1)"


@dataclass(frozen=True)
class Shapes:
    """Hyper-parameters found in the weights.

    Attributes:
        first: index of the first convolution in the sequence.
        ups: indices of the upsampling convolutions.
        last: index of the last convolution.
        n_mels: input channels.
        upsample_initial_channel: channels before the first stage.
        upsample_rates: half of each upsampling kernel.
    """

    first: int
    ups: tuple[int, ...]
    last: int
    n_mels: int
    upsample_initial_channel: int
    upsample_rates: list[int]


def shapes(weights: Mapping[str, Tensor], sequence: str, file: Path) -> Shapes:
    """Find the hyper-parameters.

    Args:
        weights: the project's weights, with weight norm in either style or folded.
        sequence: name of the `nn.Sequential`.
        file: file of the weights, for the message.

    Raises:
        UserError: these are not the weights of a MelGAN.
    """
    pattern = re.compile(rf"{sequence}\.(\d+){CONV}")
    found = {int(m[1]): tuple(weights[key].shape) for key in weights if (m := pattern.match(key))}
    places = sorted(found)
    if len(places) < 3 or any(len(found[place]) != 3 for place in places):
        raise UserError(
            f"not a MelGAN generator: it has {len(places)} convolutions {sequence}.*, but "
            "needs at least three with three dimensions: first, upsampling and last",
            at=file,
        )
    first, *ups, last = places
    return Shapes(
        first=first,
        ups=tuple(ups),
        last=last,
        n_mels=found[first][1],
        upsample_initial_channel=found[first][0],
        upsample_rates=[found[up][2] // 2 for up in ups],
    )


def rules(
    first: str, ups: Sequence[str], residual: Sequence[tuple[str, str, str]], last: str
) -> Rules:
    """Rules that rename a project's modules to those of the generator here.

    Args:
        first: the first convolution.
        ups: the upsampling convolutions.
        residual: for each residual layer, in order of stages: the dilated convolution, the one
            after it and the shortcut.
        last: the last convolution.
    """
    places = {first: "conv_pre", last: "conv_post"}
    places |= {up: f"ups.{stage}" for stage, up in enumerate(ups)}
    for layer, modules in enumerate(residual):
        for module, name in zip(modules, ("conv1", "conv2", "shortcut"), strict=True):
            places[module] = f"resblocks.{layer}.{name}"
    return moved(places)
