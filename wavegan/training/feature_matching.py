"""Feature matching loss: the distance between a discriminator's features of real and fake clips."""

from collections.abc import Sequence
from typing import Literal

import torch
from torch import Tensor
from torch.nn.functional import l1_loss

from wavegan.errors import UserError

Normalize = Literal["hifigan", "melgan"]
"""The project whose normalisation is used."""


def feature_matching(
    real: Sequence[Sequence[Tensor]],
    fake: Sequence[Sequence[Tensor]],
    *,
    normalize: Literal["hifigan", "melgan"],
    weights: Sequence[float] | None = None,
) -> Tensor:
    """The L1 distance of feature maps over K sub-discriminators, unweighted, in float32.

    - `hifigan` (Kong et al. 2020, equation 5): the sum over sub-discriminators and layers of
      `mean |real - fake|`. The factor 2 of the paper is the recipe's weight.
    - `melgan` (Kumar et al. 2019; descriptinc/melgan-neurips, scripts/train.py): the same sum
      with each term times `1 / K * 4 / (n - 1)`, `n` the number of maps compared in that
      sub-discriminator. The original writes `4 / (n_layers_D + 1)` and compares
      `n_layers_D + 2` maps (all but the logits), which is the same. Its weight is 10.

    Args:
        real: one sequence of maps per sub-discriminator, each map `(B, ...)`; taken as constants.
        fake: the same for the fake clips.
        normalize: the convention.
        weights: one per sub-discriminator; None: 1.

    Returns:
        A scalar, 0 where all maps are equal.

    Raises:
        UserError: for another `normalize`, and for `melgan` with fewer than 2 maps.
        ValueError: when the maps of real and fake differ in number or shape.
    """
    if normalize not in ("hifigan", "melgan"):
        raise UserError(f"feature matching: normalize is {normalize!r}; give 'hifigan' or 'melgan'")
    terms = [
        _layers(r, f) * (1.0 if normalize == "hifigan" else _melgan_weight(len(real), len(r)))
        for r, f in zip(real, fake, strict=True)
    ]
    counted = zip(weights or [1.0] * len(terms), terms, strict=True)
    return torch.stack([weight * term for weight, term in counted]).sum()


def _layers(real: Sequence[Tensor], fake: Sequence[Tensor]) -> Tensor:
    """The sum over one sub-discriminator's maps of the mean absolute difference."""
    for r, f in zip(real, fake, strict=True):
        if r.shape != f.shape:
            raise ValueError(f"feature maps differ: real {tuple(r.shape)}, fake {tuple(f.shape)}")
    pairs = zip(real, fake, strict=True)
    return torch.stack([l1_loss(f.float(), r.detach().float()) for r, f in pairs]).sum()


def _melgan_weight(discriminators: int, maps: int) -> float:
    """MelGAN's factor for the distance of each layer."""
    if maps < 2:
        raise UserError(
            "feature matching: 'melgan' needs at least 2 feature maps in each sub-discriminator,"
            f" one has {maps}: use 'hifigan'"
        )
    return 4.0 / (discriminators * (maps - 1))
