"""The Jensen-Shannon divergence of bin occupancies (Richardson & Weiss 2018, arXiv:1805.12462)."""

import torch
from torch import Tensor

from wavegan.set_metrics._bins import check_bins, occupancy
from wavegan.set_metrics._pair import checked
from wavegan.set_metrics.base import SetMetric


class Js(SetMetric):
    """The divergence of made and real shares in bins, in nats: 0 at best, ln 2 at worst.

    With p and q the shares of the two sets in the bins, and m = (p + q) / 2:

        JS = (sum p ln(p / m) + sum q ln(q / m)) / 2

    The bins are those of `ndb`: a k-means of the real clips. It measures how much the shares
    differ; NDB counts the bins where the difference is significant. Small sets fill bins unevenly
    by chance: compare sets of one size.

    Args:
        bins: K; None is 50, or fewer so that a bin holds ten real clips on average.

    Raises:
        UserError: fewer than 2 bins.
    """

    def __init__(self, bins: int | None = None) -> None:
        check_bins(bins)
        self.bins = bins

    def __call__(self, made: Tensor, real: Tensor) -> float:
        """Compare `(N, D)` with `(M, D)`; M is K or more."""
        made, real = checked(made, real)
        made_count, real_count = occupancy(made, real, self.bins)
        made_share, real_share = made_count / len(made), real_count / len(real)
        middle = ((made_share + real_share) / 2).clamp(min=1e-300)
        terms = torch.xlogy(made_share, made_share / middle)
        terms += torch.xlogy(real_share, real_share / middle)
        return max(0.0, float(terms.sum()) / 2)
