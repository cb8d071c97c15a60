"""Adversarial objectives: a loss for D and a loss for G over lists of logits."""

from abc import ABC, abstractmethod
from collections.abc import Sequence

import torch
from torch import Tensor
from torch.nn.functional import softplus


class Objective(ABC):
    """Base of the adversarial objectives.

    Each argument holds one tensor of logits per sub-discriminator; a loss is the mean over one
    tensor, summed over the sub-discriminators, as HiFi-GAN and MelGAN define it.

    Attributes:
        neutral: the logit of a D that cannot tell real from fake; None if only differences of
            logits have a meaning.
    """

    neutral: float | None = 0.0

    @abstractmethod
    def discriminator(self, real: Sequence[Tensor], fake: Sequence[Tensor]) -> Tensor:
        """D's loss, a scalar."""

    @abstractmethod
    def generator(self, real: Sequence[Tensor], fake: Sequence[Tensor]) -> Tensor:
        """G's loss, a scalar. Only relativistic objectives use `real`."""


class NonSaturating(Objective):
    """D minimises `-ln s(real) - ln(1 - s(fake))`, G minimises `-ln s(fake)`, `s` the sigmoid.

    The non-saturating loss of the first GAN (Goodfellow et al. 2014): BCE with logits.

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


class LSGAN(Objective):
    """D minimises `mean((real - 1)^2) + mean(fake^2)`, G minimises `mean((fake - 1)^2)`.

    The least-squares GAN (Mao et al. 2017), as HiFi-GAN and DAC train it: real is 1, fake is 0.
    """

    neutral = 0.5

    def discriminator(self, real: Sequence[Tensor], fake: Sequence[Tensor]) -> Tensor:
        """D's loss: 0 at best, 0.5 for each sub-discriminator that cannot tell (logits 0.5)."""
        pairs = zip(real, fake, strict=True)
        terms = [(r.float() - 1).square().mean() + f.float().square().mean() for r, f in pairs]
        return torch.stack(terms).sum()

    def generator(self, real: Sequence[Tensor], fake: Sequence[Tensor]) -> Tensor:
        """G's loss: 0 when every fake logit is 1."""
        return torch.stack([(f.float() - 1).square().mean() for f in fake]).sum()


class Hinge(Objective):
    """D minimises `mean(max(0, 1 - real)) + mean(max(0, 1 + fake))`, G minimises `-mean(fake)`.

    The hinge loss (Lim & Ye 2017), as MelGAN trains it.

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


class Wasserstein(Objective):
    """D minimises `mean(fake) - mean(real)`, G minimises `-mean(fake)`.

    The Wasserstein loss (Arjovsky et al. 2017), as WaveGAN trains it with a gradient penalty.

    It needs a penalty that bounds D's gradient (`penalties: gradient`); without one D's loss is
    unbounded.
    """

    neutral = None

    def discriminator(self, real: Sequence[Tensor], fake: Sequence[Tensor]) -> Tensor:
        """D's loss: minus the estimated distance between the two distributions."""
        pairs = zip(real, fake, strict=True)
        return torch.stack([f.float().mean() - r.float().mean() for r, f in pairs]).sum()

    def generator(self, real: Sequence[Tensor], fake: Sequence[Tensor]) -> Tensor:
        """G's loss: unbounded below."""
        return -torch.stack([f.float().mean() for f in fake]).sum()


class Relativistic(Objective):
    """D minimises `mean(softplus(-(real - fake)))`, G minimises `mean(softplus(real - fake))`.

    The relativistic pairing loss (Jolicoeur-Martineau 2018, arXiv:1807.00734), as in R3GAN.
    Huang et al. 2024, "The GAN is dead; long live the GAN!" (arXiv:2501.05441), show that it does
    not drop modes as the first GAN's loss does, and that it converges locally with both
    zero-centred penalties (`penalties: {r1: ..., r2: ...}` with the same gamma).

    Real clip `i` is paired with fake clip `i`; if there are labels, both have the same one. D
    estimates how much more real one clip of a pair is than the other: adding a constant to all
    logits changes nothing.
    """

    neutral = None

    def discriminator(self, real: Sequence[Tensor], fake: Sequence[Tensor]) -> Tensor:
        """D's loss: 0 at best, `ln 2` for each sub-discriminator that cannot tell."""
        return _pairing_loss(winners=real, losers=fake)

    def generator(self, real: Sequence[Tensor], fake: Sequence[Tensor]) -> Tensor:
        """G's loss: D's loss with real and fake exchanged."""
        return _pairing_loss(winners=fake, losers=real)


def _pairing_loss(winners: Sequence[Tensor], losers: Sequence[Tensor]) -> Tensor:
    pairs = zip(winners, losers, strict=True)
    return torch.stack([softplus(lo.float() - w.float()).mean() for w, lo in pairs]).sum()
