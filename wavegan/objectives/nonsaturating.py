"""The non-saturating loss of the first GAN (Goodfellow et al. 2014): BCE with logits."""

from collections.abc import Sequence

import torch
from torch import Tensor
from torch.nn.functional import softplus

from wavegan.objectives.base import Objective


class NonSaturating(Objective):
    """D minimises `-ln s(real) - ln(1 - s(fake))`, G minimises `-ln s(fake)`, `s` the sigmoid.

    Written as softplus, because `-ln s(x) = softplus(-x)` stays finite for every logit.
    """

    def discriminator(self, real: Sequence[Tensor], fake: Sequence[Tensor]) -> Tensor:
        """D's loss: 0 at best, `2 ln 2` for each sub-discriminator that cannot tell (logits 0)."""
        pairs = zip(real, fake, strict=True)
        terms = [softplus(-r.float()).mean() + softplus(f.float()).mean() for r, f in pairs]
        return torch.stack(terms).sum()

    def generator(self, real: Sequence[Tensor], fake: Sequence[Tensor]) -> Tensor:
        """G's loss: towards 0 as the fake logits grow."""
        return torch.stack([softplus(-f.float()).mean() for f in fake]).sum()
