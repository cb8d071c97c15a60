"""R1 (Mescheder et al. 2018, equation 9; lazy as in StyleGAN2): a flat discriminator at the data.

R1 = gamma / 2 * E[ ||grad_x D(x)||^2 ],    x real
"""

from torch import Tensor

from wavegan.penalties._flat import check, steepness
from wavegan.penalties.base import Judge, Penalty


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
        check("r1", gamma, every)
        self.gamma = gamma
        self.every = every

    def __call__(self, discriminator: Judge, real: Tensor, fake: Tensor) -> Tensor:
        """The penalty at `real` `(B, C, T)`, a scalar; `fake` is not looked at."""
        return steepness(discriminator, real, self.gamma)
