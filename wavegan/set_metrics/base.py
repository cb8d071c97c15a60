"""What every metric of a set is: a number over the embeddings of made and of real clips."""

from abc import ABC, abstractmethod

from torch import Tensor


class SetMetric(ABC):
    """Base of the metrics that compare a set of made clips with a set of real ones.

    It sees embeddings only (`wavegan.embeddings`): one row per clip, in any order. It computes in
    float64 on the CPU, takes no gradient, draws from no global generator and gives the same number
    for the same two sets every time.

    Attributes:
        higher_is_better: which direction is good.
    """

    higher_is_better: bool = False

    @abstractmethod
    def __call__(self, made: Tensor, real: Tensor) -> float:
        """Compare `(N, D)` with `(M, D)`, of one embedding.

        Raises:
            UserError: too few clips, embeddings of different lengths, or numbers not finite.
        """
