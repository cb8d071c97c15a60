"""What every metric of a pair is: a number over an estimate and its reference."""

from abc import ABC, abstractmethod

from torch import Tensor


class Metric(ABC):
    """Base of the metrics that compare one clip with its reference.

    Attributes:
        higher_is_better: which direction is good.
    """

    higher_is_better: bool = False

    @abstractmethod
    def __call__(self, estimate: Tensor, reference: Tensor, sample_rate: int) -> float:
        """Compare `(C, T)` with `(C, T)`, both at `sample_rate` Hz and in [-1, 1]."""
