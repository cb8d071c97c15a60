"""The Wasserstein loss (Arjovsky et al. 2017), as WaveGAN trains it with a gradient penalty."""

from collections.abc import Sequence

import torch
from torch import Tensor

from wavegan.objectives.base import Objective


class Wasserstein(Objective):
    """D minimises `mean(fake) - mean(real)`, G minimises `-mean(fake)`.

    It needs a penalty that keeps D's slope bounded (`penalties: gradient`); without one D's loss
    falls without end.
    """

    neutral = None

    def discriminator(self, real: Sequence[Tensor], fake: Sequence[Tensor]) -> Tensor:
        """D's loss: minus the estimated distance of the two distributions."""
        pairs = zip(real, fake, strict=True)
        return torch.stack([f.float().mean() - r.float().mean() for r, f in pairs]).sum()

    def generator(self, real: Sequence[Tensor], fake: Sequence[Tensor]) -> Tensor:
        """G's loss: unbounded below."""
        return -torch.stack([f.float().mean() for f in fake]).sum()
