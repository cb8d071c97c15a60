"""Whether made clips are copies of real ones: the distance to the nearest."""

from torch import Tensor

from wavegan.errors import UserError
from wavegan.set_metrics._distances import nearest, nearest_other
from wavegan.set_metrics._pair import checked
from wavegan.set_metrics.base import SetMetric


class NearestNeighbour(SetMetric):
    """The distance of made clips to the nearest real clip, relative to that of real clips.

        mean_i min_j |made_i - real_j| / mean_j min_(k != j) |real_j - real_k|

    Give it the real clips that were trained on. Near 0 the made clips are copies; 1 is as close as
    real clips are to each other, as held-out clips should be; above 1 they are away from the real
    clips. Donahue et al. 2019 (arXiv:1802.04208) report the numerator as |D|_train. A higher
    number rules out copying, and says nothing about quality.
    """

    higher_is_better = True

    def __call__(self, made: Tensor, real: Tensor) -> float:
        """Compare `(N, D)` with `(M, D)`; M is 2 or more."""
        made, real = checked(made, real)
        usual = float(nearest_other(real).mean())
        if usual == 0:
            raise UserError(
                "every real clip has an exact copy among the real clips: remove duplicates"
            )
        return float(nearest(made, real).mean()) / usual
