"""Base class of set metrics."""

from abc import ABC, abstractmethod

from torch import Tensor


class SetMetric(ABC):
    """Base of the metrics that compare a set of made clips with a set of real ones.

    It receives embeddings only (`wavegan.embeddings`): one row per clip, in any order. It computes
    in float64 on the CPU without gradient, uses no global random generator, and always gives the
    same number for the same two sets.

    Attributes:
        higher_is_better: which direction is good.
    """

    higher_is_better: bool = False

    @abstractmethod
    def __call__(self, made: Tensor, real: Tensor) -> float:
        """Compare `(N, D)` with `(M, D)`, of one embedding.

        Raises:
            UserError: too few clips, embeddings of different lengths, or NaN or infinite numbers.
        """
