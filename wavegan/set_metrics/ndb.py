"""The share of statistically different bins (Richardson & Weiss 2018, arXiv:1805.12462)."""

from torch import Tensor

from wavegan.set_metrics._bins import check_bins, occupancy
from wavegan.set_metrics._pair import checked
from wavegan.set_metrics.base import SetMetric

SIGNIFICANT = 1.959963984540054
"""|z| above which two shares differ at a level of 0.05, two-sided."""


class Ndb(SetMetric):
    """NDB/K, the share of bins where made and real clips differ in number, in [0, 1]; 0 is best.

    Real clips are clustered into K bins by k-means; made clips belong to the nearest bin. In each
    bin a two-proportion z-test at a level of 0.05 compares the shares p = n/N of the sets:

        z = (p1 - p2) / sqrt(p (1 - p) (1/N + 1/M)),   p pooled over both sets

    A bin with too few made clips is a mode of the data that the generator misses; a bin with too
    many is one that it has collapsed to. Real clips against real ones give about 0.05 by chance.
    More clips make the test more sensitive: compare sets of one size. The method is that of
    github.com/eitanrich/gans-n-gmms (with whitening); GANSynth (arXiv:1902.08710) reports it for
    audio with 50 bins.

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
        sizes = 1 / len(made) + 1 / len(real)
        pooled = (made_count + real_count) / (len(made) + len(real))
        error = (pooled * (1 - pooled) * sizes).sqrt()
        score = (made_count / len(made) - real_count / len(real)) / error
        return float((score.abs() > SIGNIFICANT).double().mean())
