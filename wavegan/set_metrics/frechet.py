"""The Fréchet distance between two sets of embeddings (Heusel et al. 2017, arXiv:1706.08500)."""

from torch import Tensor

from wavegan.set_metrics._gaussians import distance
from wavegan.set_metrics._pair import checked
from wavegan.set_metrics.base import SetMetric


class Frechet(SetMetric):
    """The squared 2-Wasserstein distance between Gaussians fitted to the two sets; 0 is best.

        d = |m1 - m2|^2 + Tr(S1 + S2 - 2 (S1 S2)^(1/2))

    with the means m and covariances S (divided by N - 1) of the sets (Dowson & Landau 1982, "The
    Fréchet distance between multivariate normal distributions"). Depending on the embedding this
    is the FID (images) or the FAD (audio; Kilgour et al. 2018, arXiv:1812.08466). It takes no
    matrix root, so sets with fewer clips than dimensions are safe.

    The distance is biased upwards, more so for fewer clips: between two samples of one
    distribution it is about Tr(S) (1/N + 1/M) or more. Compare only sets of one size, and compare
    with the distance of as many real clips, or use `frechet_infinity` (Chong & Forsyth 2020,
    arXiv:1911.07023).
    """

    def __call__(self, made: Tensor, real: Tensor) -> float:
        """Compare `(N, D)` with `(M, D)`; N and M are 2 or more."""
        return distance(*checked(made, real, least_made=2))
