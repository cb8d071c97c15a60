"""The hinge loss (Lim & Ye 2017), as MelGAN trains it."""

from collections.abc import Sequence

import torch
from torch import Tensor

from wavegan.objectives.base import Objective


class Hinge(Objective):
    """D minimises `mean(max(0, 1 - real)) + mean(max(0, 1 + fake))`, G minimises `-mean(fake)`.

    Args:
        bounded: G minimises `mean(max(0, 1 - fake))` instead, as Vocos does.
    """

    def __init__(self, bounded: bool = False) -> None:
        self.bounded = bounded

    def discriminator(self, real: Sequence[Tensor], fake: Sequence[Tensor]) -> Tensor:
        """D's loss: 0 at best, 2 for each sub-discriminator that cannot tell (logits 0)."""
        pairs = zip(real, fake, strict=True)
        terms = [(1 - r.float()).relu().mean() + (1 + f.float()).relu().mean() for r, f in pairs]
        return torch.stack(terms).sum()

    def generator(self, real: Sequence[Tensor], fake: Sequence[Tensor]) -> Tensor:
        """G's loss: 0 at best if bounded, else without a lowest value."""
        if self.bounded:
            return torch.stack([(1 - f.float()).relu().mean() for f in fake]).sum()
        return -torch.stack([f.float().mean() for f in fake]).sum()
