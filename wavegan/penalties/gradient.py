"""The gradient penalty of WGAN-GP (Gulrajani et al. 2017, equation 3): a critic of slope 1.

GP = E[ (||grad_x D(x)||_2 - 1)^2 ],    x = e * real + (1 - e) * fake,    e ~ U(0, 1)
"""

import torch
from torch import Tensor

from wavegan.errors import UserError
from wavegan.penalties._slope import slope
from wavegan.penalties.base import Judge, Penalty


class GradientPenalty(Penalty):
    """The mean over the batch of the squared distance of D's slope from 1, between real and fake.

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

    def __call__(self, discriminator: Judge, real: Tensor, fake: Tensor) -> Tensor:
        """The penalty between `real` and `fake`, both `(B, C, T)`; a scalar."""
        if real.shape != fake.shape:
            raise UserError(
                f"gradient: real {tuple(real.shape)} and fake {tuple(fake.shape)} differ in shape;"
                " make the segment as long as the generator's output"
            )
        share = torch.rand(len(real), device=real.device, dtype=real.dtype)
        ends = discriminator.see(fake.detach().to(real.dtype)), discriminator.see(real.detach())
        mixed: dict[tuple[int, int], Tensor] = {}
        for f, r in zip(*ends, strict=True):
            # members that see the same are to see the same mixture
            each = share.reshape(-1, *[1] * (r.ndim - 1))
            mixed.setdefault((id(f), id(r)), torch.lerp(f, r, each))
        seen = [mixed[id(f), id(r)] for f, r in zip(*ends, strict=True)]
        steepness: Tensor = torch.linalg.vector_norm(slope(discriminator, seen), dim=1)
        return (steepness - 1).square().mean()
