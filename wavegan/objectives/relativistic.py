"""The relativistic pairing loss (Jolicoeur-Martineau 2018, arXiv:1807.00734), as R3GAN has it.

Huang et al. 2024, "The GAN is dead; long live the GAN!" (arXiv:2501.05441), show that it does not
drop modes as the first GAN's loss does, and that it converges locally with both zero-centred
penalties (`penalties: {r1: ..., r2: ...}` of one gamma).
"""

from collections.abc import Sequence

import torch
from torch import Tensor
from torch.nn.functional import softplus

from wavegan.objectives.base import Objective


class Relativistic(Objective):
    """D minimises `mean(softplus(-(real - fake)))`, G the opposite `mean(softplus(real - fake))`.

    Real clip `i` is paired with fake clip `i`, which has the same label where there are labels.
    D says how much more real one clip of a pair is than the other: its logits have no zero of their
    own, and a number added to all of them changes nothing.
    """

    neutral = None

    def discriminator(self, real: Sequence[Tensor], fake: Sequence[Tensor]) -> Tensor:
        """D's loss: 0 at best, `ln 2` for each sub-discriminator that cannot tell."""
        return _loss(winners=real, losers=fake)

    def generator(self, real: Sequence[Tensor], fake: Sequence[Tensor]) -> Tensor:
        """G's loss: D's with real and fake exchanged."""
        return _loss(winners=fake, losers=real)


def _loss(winners: Sequence[Tensor], losers: Sequence[Tensor]) -> Tensor:
    pairs = zip(winners, losers, strict=True)
    return torch.stack([softplus(lo.float() - w.float()).mean() for w, lo in pairs]).sum()
