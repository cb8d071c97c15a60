"""Gradient penalties on the discriminator: what its slope is to be, and where."""

from abc import ABC, abstractmethod
from collections.abc import Sequence

import torch
from torch import Tensor

from wavegan.discriminators.base import ConditionedDiscriminator, Discriminator
from wavegan.errors import UserError

AnyDiscriminator = Discriminator | ConditionedDiscriminator
"""A discriminator, or one that knows the labels of its batch."""


class Penalty(ABC):
    """Base of the gradient penalties of D's turn.

    Attributes:
        every: apply at every n-th D turn only (lazy regularisation, StyleGAN2); the value is
            multiplied by n then, so that its strength does not change.
    """

    every: int = 1

    @abstractmethod
    def __call__(self, discriminator: AnyDiscriminator, real: Tensor, fake: Tensor) -> Tensor:
        """The unweighted penalty, a scalar with a graph to D's weights.

        Args:
            discriminator: that of D's turn.
            real: `(B, C, T)`.
            fake: `(B, C, T)`, detached from the generator.
        """


class GradientPenalty(Penalty):
    """The mean over the batch of the squared distance of D's slope from 1, between real and fake.

    The gradient penalty of WGAN-GP (Gulrajani et al. 2017, equation 3): a critic of slope 1.

        GP = E[ (||grad_x D(x)||_2 - 1)^2 ],    x = e * real + (1 - e) * fake,    e ~ U(0, 1)

    `D(x)`, the score of one clip, is the mean of its logits, summed over the sub-discriminators.
    Each clip draws its own `e` from the default generator of the clips' device. The paper's
    lambda, 10 there and in WaveGAN, is the recipe's `weight`.

    Args:
        every: apply at every n-th D turn only.

    Raises:
        UserError: when `every` is below 1; in a call, when real and fake differ in shape.
    """

    def __init__(self, every: int = 1) -> None:
        if every < 1:
            raise UserError(f"gradient: every is {every}; give a whole number of at least 1")
        self.every = every

    def __call__(self, discriminator: AnyDiscriminator, real: Tensor, fake: Tensor) -> Tensor:
        """The penalty between `real` and `fake`, both `(B, C, T)`; a scalar."""
        if real.shape != fake.shape:
            raise UserError(
                f"gradient: real {tuple(real.shape)} and fake {tuple(fake.shape)} differ in shape;"
                " make the segment as long as the generator's output"
            )
        share = torch.rand(len(real), device=real.device, dtype=real.dtype)
        ends = (
            discriminator.preprocess(fake.detach().to(real.dtype)),
            discriminator.preprocess(real.detach()),
        )
        mixed: dict[tuple[int, int], Tensor] = {}
        for f, r in zip(*ends, strict=True):
            # members that see the same are to see the same mixture
            each = share.reshape(-1, *[1] * (r.ndim - 1))
            mixed.setdefault((id(f), id(r)), torch.lerp(f, r, each))
        seen = [mixed[id(f), id(r)] for f, r in zip(*ends, strict=True)]
        steepness: Tensor = torch.linalg.vector_norm(_slope(discriminator, seen), dim=1)
        return (steepness - 1).square().mean()


class _Flat(Penalty):
    """What R1 and R2 share: they want a flat discriminator, each at other clips."""

    def __init__(self, gamma: float = 10.0, every: int = 1) -> None:
        name = type(self).__name__.lower()
        if not 0 <= gamma < float("inf"):
            raise UserError(f"{name}: gamma is {gamma}; give a number of at least 0")
        if every < 1:
            raise UserError(f"{name}: every is {every}; give a whole number of at least 1")
        self.gamma, self.every = gamma, every

    def _steepness(self, discriminator: AnyDiscriminator, audio: Tensor) -> Tensor:
        """`gamma / 2` times the squared slope at `audio` `(B, C, T)`, its mean over the batch."""
        steep = _slope(discriminator, discriminator.preprocess(audio.detach()))
        return self.gamma / 2 * steep.square().sum(1).mean()


class R1(_Flat):
    """The mean over the batch of the squared slope of D at real clips, times `gamma / 2`.

    R1 (Mescheder et al. 2018, equation 9; lazy as in StyleGAN2): a flat discriminator at the data.

        R1 = gamma / 2 * E[ ||grad_x D(x)||^2 ],    x real

    `D(x)`, the score of one clip, is the mean of its logits, summed over the sub-discriminators.

    Args:
        gamma: strength as the papers give it; the recipe's `weight` stays 1 beside it.
        every: apply at every n-th D turn only (StyleGAN2: 16).

    Raises:
        UserError: when `gamma` is negative or `every` is below 1.
    """

    def __call__(self, discriminator: AnyDiscriminator, real: Tensor, fake: Tensor) -> Tensor:
        """The penalty at `real` `(B, C, T)`, a scalar; `fake` is not looked at."""
        return self._steepness(discriminator, real)


class R2(_Flat):
    """The mean over the batch of the squared slope of D at fake clips, times `gamma / 2`.

    R2 (Mescheder et al. 2018, equation 10): a flat discriminator at what the generator makes.

        R2 = gamma / 2 * E[ ||grad_x D(x)||^2 ],    x fake

    R1's twin. The relativistic loss needs both, with one gamma (R3GAN, Huang et al. 2024,
    arXiv:2501.05441): with R1 alone it was seen to diverge.

    Args:
        gamma: strength as the papers give it; the recipe's `weight` stays 1 beside it.
        every: apply at every n-th D turn only (R3GAN: at each).

    Raises:
        UserError: when `gamma` is negative or `every` is below 1.
    """

    def __call__(self, discriminator: AnyDiscriminator, real: Tensor, fake: Tensor) -> Tensor:
        """The penalty at `fake` `(B, C, T)`, a scalar; `real` is not looked at."""
        return self._steepness(discriminator, fake)


def _slope(discriminator: AnyDiscriminator, seen: Sequence[Tensor]) -> Tensor:
    """The gradient of each clip's score with respect to what D sees, with a graph to D's weights.

    The score of one clip is the mean of its logits, summed over the sub-discriminators: what every
    objective averages over the batch. So the slope depends neither on the batch size nor on the
    number of processes. It is computed in float32, also under autocast.

    Args:
        discriminator: whose slope it is.
        seen: what its `preprocess` makes of clips, each `(B, ...)`; members that see the same
            tensor have one slope together.

    Returns:
        `(B, N)`: the slopes with respect to all numbers that are seen, one after another.
    """
    leaves = {id(part): part.detach().requires_grad_() for part in seen}
    batch = len(seen[0])
    with torch.autocast(seen[0].device.type, enabled=False):
        outputs = discriminator.score([leaves[id(part)] for part in seen])
        total = torch.stack([o.logits.reshape(batch, -1).mean(1) for o in outputs]).sum()
        gradients = torch.autograd.grad(total, list(leaves.values()), create_graph=True)
    return torch.cat([gradient.flatten(1) for gradient in gradients], 1)
