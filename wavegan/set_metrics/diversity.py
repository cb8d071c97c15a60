"""Diversity of the made clips, relative to the real ones."""

from torch import Tensor

from wavegan.errors import UserError
from wavegan.set_metrics._distances import mean_between
from wavegan.set_metrics._pair import checked
from wavegan.set_metrics.base import SetMetric


class Diversity(SetMetric):
    """The mean distance between two made clips over that between two real ones.

    1 is as diverse as the real set, 0 is the same clip again and again. Well above 1 is not good:
    noise differs from noise. The mean is over all pairs of different clips, so the size of a set
    adds no bias. (|D|_self of Donahue et al. 2019, arXiv:1802.04208, is also a distance within one
    set, but takes the nearest clip.)
    """

    higher_is_better = True

    def __call__(self, made: Tensor, real: Tensor) -> float:
        """Compare `(N, D)` with `(M, D)`; N and M are 2 or more."""
        made, real = checked(made, real, least_made=2)
        within = mean_between(real)
        if within == 0:
            raise UserError(
                "the real clips are all the same: diversity needs real clips that differ"
            )
        return mean_between(made) / within
