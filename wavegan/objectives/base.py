"""What every adversarial objective is: two losses over lists of logits."""

from abc import ABC, abstractmethod
from collections.abc import Sequence

from torch import Tensor


class Objective(ABC):
    """Base of the adversarial objectives.

    Each argument holds one tensor of logits per sub-discriminator; a loss is the mean over one
    tensor, summed over the sub-discriminators, as HiFi-GAN and MelGAN define it.

    Attributes:
        neutral: the logit of a D that cannot tell; None where only differences mean something.
    """

    neutral: float | None = 0.0

    @abstractmethod
    def discriminator(self, real: Sequence[Tensor], fake: Sequence[Tensor]) -> Tensor:
        """D's loss, a scalar."""

    @abstractmethod
    def generator(self, real: Sequence[Tensor], fake: Sequence[Tensor]) -> Tensor:
        """G's loss, a scalar. `real` is there for relativistic objectives."""
