"""Gradient penalties of the discriminator: WGAN-GP, R1 and R2."""

from abc import ABC, abstractmethod
from collections.abc import Sequence

import torch
from torch import Tensor

from wavegan.discriminators.base import ConditionedDiscriminator, Discriminator
from wavegan.errors import UserError

AnyDiscriminator = Discriminator | ConditionedDiscriminator
"""A discriminator, or one that is given the labels of its batch."""


class Penalty(ABC):
    """Base of the gradient penalties of D's turn.

    Attributes:
        every: apply only at every n-th D turn (lazy regularisation, StyleGAN2); the penalty is then
            multiplied by n, which keeps its mean strength.
    """

    every: int = 1

    @abstractmethod
    def __call__(self, discriminator: AnyDiscriminator, real: Tensor, fake: Tensor) -> Tensor:
        """The unweighted penalty, a scalar with a graph to D's weights.

        Args:
            discriminator: the discriminator of D's turn.
            real: `(B, C, T)`.
            fake: `(B, C, T)`, detached from the generator.
        """


class GradientPenalty(Penalty):
    """The squared distance of D's gradient norm from 1 between real and fake, mean over the batch.

    The gradient penalty of WGAN-GP (Gulrajani et al. 2017, equation 3).

        GP = E[ (||grad_x D(x)||_2 - 1)^2 ],    x = e * real + (1 - e) * fake,    e ~ U(0, 1)

    `D(x)`, the score of one clip, is the mean of its logits, summed over the sub-discriminators.
    Each clip draws its own `e` from the default generator of the clips' device. The paper's
    lambda, 10 there and in WaveGAN, is the recipe's `weight`.

    Args:
        every: apply only at every n-th D turn.

    Raises:
        UserError: `every` is below 1; in a call: real and fake differ in shape.
    """

    def __init__(self, every: int = 1) -> None:
        if every < 1:
            raise UserError(f"gradient: every is {every}; give a whole number of 1 or more")
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
            # members with the same input get the same mixture
            each = share.reshape(-1, *[1] * (r.ndim - 1))
            mixed.setdefault((id(f), id(r)), torch.lerp(f, r, each))
        inputs = [mixed[id(f), id(r)] for f, r in zip(*ends, strict=True)]
        norms: Tensor = torch.linalg.vector_norm(_gradient(discriminator, inputs), dim=1)
        return (norms - 1).square().mean()


class _ZeroCentred(Penalty):
    """Base of R1 and R2: `gamma / 2` times D's squared gradient norm."""

    def __init__(self, gamma: float = 10.0, every: int = 1) -> None:
        name = type(self).__name__.lower()
        if not 0 <= gamma < float("inf"):
            raise UserError(f"{name}: gamma is {gamma}; give a number of 0 or more")
        if every < 1:
            raise UserError(f"{name}: every is {every}; give a whole number of 1 or more")
        self.gamma, self.every = gamma, every

    def _penalty(self, discriminator: AnyDiscriminator, audio: Tensor) -> Tensor:
        """The penalty at `audio` `(B, C, T)`, mean over the batch."""
        gradient = _gradient(discriminator, discriminator.preprocess(audio.detach()))
        return self.gamma / 2 * gradient.square().sum(1).mean()


class R1(_ZeroCentred):
    """D's squared gradient norm at real clips, mean over the batch, times `gamma / 2`.

    R1 (Mescheder et al. 2018, equation 9; lazy as in StyleGAN2).

        R1 = gamma / 2 * E[ ||grad_x D(x)||^2 ],    x real

    `D(x)`, the score of one clip, is the mean of its logits, summed over the sub-discriminators.

    Args:
        gamma: strength as in the papers; leave the recipe's `weight` at 1.
        every: apply only at every n-th D turn (StyleGAN2: 16).

    Raises:
        UserError: `gamma` is negative, or `every` is below 1.
    """

    def __call__(self, discriminator: AnyDiscriminator, real: Tensor, fake: Tensor) -> Tensor:
        """The penalty at `real` `(B, C, T)`, a scalar; `fake` is not used."""
        return self._penalty(discriminator, real)


class R2(_ZeroCentred):
    """D's squared gradient norm at fake clips, mean over the batch, times `gamma / 2`.

    R2 (Mescheder et al. 2018, equation 10).

        R2 = gamma / 2 * E[ ||grad_x D(x)||^2 ],    x fake

    The relativistic loss needs R1 and R2 with the same gamma (R3GAN, Huang et al. 2024,
    arXiv:2501.05441): with R1 alone the paper observed divergence.

    Args:
        gamma: strength as in the papers; leave the recipe's `weight` at 1.
        every: apply only at every n-th D turn (R3GAN: every turn).

    Raises:
        UserError: `gamma` is negative, or `every` is below 1.
    """

    def __call__(self, discriminator: AnyDiscriminator, real: Tensor, fake: Tensor) -> Tensor:
        """The penalty at `fake` `(B, C, T)`, a scalar; `real` is not used."""
        return self._penalty(discriminator, fake)


def _gradient(discriminator: AnyDiscriminator, inputs: Sequence[Tensor]) -> Tensor:
    """The gradient of each clip's score with respect to D's input, with a graph to D's weights.

    The score of one clip is the mean of its logits, summed over the sub-discriminators: every
    objective averages this over the batch. So the gradient depends neither on the batch size nor on
    the number of processes. It is computed in float32, also under autocast.

    Args:
        discriminator: the discriminator.
        inputs: the output of its `preprocess`, each `(B, ...)`; a tensor that several members share
            counts once.

    Returns:
        `(B, N)`: the gradients with respect to all inputs, flattened and concatenated.
    """
    leaves = {id(part): part.detach().requires_grad_() for part in inputs}
    batch = len(inputs[0])
    with torch.autocast(inputs[0].device.type, enabled=False):
        outputs = discriminator.score([leaves[id(part)] for part in inputs])
        total = torch.stack([o.logits.reshape(batch, -1).mean(1) for o in outputs]).sum()
        gradients = torch.autograd.grad(total, list(leaves.values()), create_graph=True)
    return torch.cat([gradient.flatten(1) for gradient in gradients], 1)
