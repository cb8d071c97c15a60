"""Least-squares GAN (Mao et al. 2017), as HiFi-GAN and DAC train it: real is 1, fake is 0."""

from collections.abc import Sequence

import torch
from torch import Tensor

from wavegan.objectives.base import Objective


class LSGAN(Objective):
    """D minimises `mean((real - 1)^2) + mean(fake^2)`, G minimises `mean((fake - 1)^2)`."""

    neutral = 0.5

    def discriminator(self, real: Sequence[Tensor], fake: Sequence[Tensor]) -> Tensor:
        """D's loss: 0 at best, 0.5 for each sub-discriminator that cannot tell (logits 0.5)."""
        pairs = zip(real, fake, strict=True)
        terms = [(r.float() - 1).square().mean() + f.float().square().mean() for r, f in pairs]
        return torch.stack(terms).sum()

    def generator(self, real: Sequence[Tensor], fake: Sequence[Tensor]) -> Tensor:
        """G's loss: 0 when every fake logit is 1."""
        return torch.stack([(f.float() - 1).square().mean() for f in fake]).sum()
