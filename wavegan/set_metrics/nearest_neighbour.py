"""Whether made clips are copies of real ones: the distance to the nearest."""

from torch import Tensor

from wavegan.errors import UserError
from wavegan.set_metrics._distances import nearest, nearest_other
from wavegan.set_metrics._pair import checked
from wavegan.set_metrics.base import SetMetric


class NearestNeighbour(SetMetric):
    """How far a made clip is from the nearest real one, over how far real ones are from theirs.

        mean_i min_j |made_i - real_j| / mean_j min_(k != j) |real_j - real_k|

    Give it the real clips that were trained on. Near 0 the made clips are copies; 1 is as close as
    real clips are to each other, which clips held out from training should give too; above 1 they
    lie off the real ones. Donahue et al. 2019 (arXiv:1802.04208) report the numerator as
    |D|_train. A higher number rules out copying, and says nothing about quality.
    """

    higher_is_better = True

    def __call__(self, made: Tensor, real: Tensor) -> float:
        """Compare `(N, D)` with `(M, D)`; M is 2 or more."""
        made, real = checked(made, real)
        usual = float(nearest_other(real).mean())
        if usual == 0:
            raise UserError("each real clip has a copy among them: leave duplicates out")
        return float(nearest(made, real).mean()) / usual
