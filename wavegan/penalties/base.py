"""What every gradient penalty on the discriminator is."""

from abc import ABC, abstractmethod

from torch import Tensor

from wavegan.discriminators.base import Discriminator, Told

Judge = Discriminator | Told
"""A discriminator, told the labels if it knows any."""


class Penalty(ABC):
    """Base of the gradient penalties of D's turn.

    Attributes:
        every: apply at every n-th D turn only (lazy regularisation, StyleGAN2); the value is
            multiplied by n then, so that its strength does not change.
    """

    every: int = 1

    @abstractmethod
    def __call__(self, discriminator: Judge, real: Tensor, fake: Tensor) -> Tensor:
        """The unweighted penalty, a scalar with a graph to D's weights.

        Args:
            discriminator: the judge.
            real: `(B, C, T)`.
            fake: `(B, C, T)`, detached from the generator.
        """
