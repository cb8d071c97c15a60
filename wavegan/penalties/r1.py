"""R1 (Mescheder et al. 2018, equation 9; lazy as in StyleGAN2): a flat discriminator at the data.

R1 = gamma / 2 * E[ ||grad_x D(x)||^2 ],    x real
"""

from torch import Tensor

from wavegan.discriminators.base import Discriminator
from wavegan.errors import UserError
from wavegan.penalties._slope import slope
from wavegan.penalties.base import Penalty


class R1(Penalty):
    """The mean over the batch of the squared slope of D at real clips, times `gamma / 2`.

    `D(x)`, the score of one clip, is the mean of its logits, summed over the sub-discriminators.

    Args:
        gamma: strength as the papers give it; the recipe's `weight` stays 1 beside it.
        every: apply at every n-th D turn only (StyleGAN2: 16).

    Raises:
        UserError: when `gamma` is negative or `every` is below 1.
    """

    def __init__(self, gamma: float = 10.0, every: int = 1) -> None:
        if not 0 <= gamma < float("inf"):
            raise UserError(f"r1: gamma is {gamma}; give a number of at least 0")
        if every < 1:
            raise UserError(f"r1: every is {every}; give a whole number of at least 1")
        self.gamma = gamma
        self.every = every

    def __call__(self, discriminator: Discriminator, real: Tensor, fake: Tensor) -> Tensor:
        """The penalty at `real` `(B, C, T)`, a scalar; `fake` is not looked at."""
        gradient = slope(discriminator, real)
        return self.gamma / 2 * gradient.flatten(1).square().sum(1).mean()
