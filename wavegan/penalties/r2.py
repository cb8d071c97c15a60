"""R2 (Mescheder et al. 2018, equation 10): a flat discriminator at what the generator makes.

R2 = gamma / 2 * E[ ||grad_x D(x)||^2 ],    x fake
"""

from torch import Tensor

from wavegan.penalties._flat import check, steepness
from wavegan.penalties.base import Judge, Penalty


class R2(Penalty):
    """The mean over the batch of the squared slope of D at fake clips, times `gamma / 2`.

    R1's twin. The relativistic loss needs both, with one gamma (R3GAN, Huang et al. 2024,
    arXiv:2501.05441): with R1 alone it was seen to diverge.

    Args:
        gamma: strength as the papers give it; the recipe's `weight` stays 1 beside it.
        every: apply at every n-th D turn only (R3GAN: at each).

    Raises:
        UserError: when `gamma` is negative or `every` is below 1.
    """

    def __init__(self, gamma: float = 10.0, every: int = 1) -> None:
        check("r2", gamma, every)
        self.gamma = gamma
        self.every = every

    def __call__(self, discriminator: Judge, real: Tensor, fake: Tensor) -> Tensor:
        """The penalty at `fake` `(B, C, T)`, a scalar; `real` is not looked at."""
        return steepness(discriminator, fake, self.gamma)
