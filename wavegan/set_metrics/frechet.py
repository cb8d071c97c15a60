"""The Fréchet distance between two sets of embeddings (Heusel et al. 2017, arXiv:1706.08500)."""

import torch
from torch import Tensor

from wavegan.set_metrics._pair import checked
from wavegan.set_metrics.base import SetMetric


class Frechet(SetMetric):
    """The squared 2-Wasserstein distance between Gaussians fitted to the two sets; 0 is best.

        d = |m1 - m2|^2 + Tr(S1 + S2 - 2 (S1 S2)^(1/2))

    with the means m and covariances S (divided by N - 1) of the sets (Dowson & Landau 1982, "The
    Fréchet distance between multivariate normal distributions"). In images this is the FID, in
    audio the FAD (Kilgour et al. 2018, arXiv:1812.08466), by the embedding.

    No matrix root is taken. With the centred sets written as S1 = A'A and S2 = B'B, the trace of
    (S1 S2)^(1/2) is the sum of the singular values of AB', which also holds for fewer clips than
    numbers in an embedding, where S1 and S2 are singular and the usual root is unstable.

    The distance is biased upwards, the more the fewer clips there are: two samples of one
    distribution are more than 0 apart, by roughly Tr(S) (1/N + 1/M) or more. Compare only sets of
    one size, and put beside them what as many real clips give (Chong & Forsyth 2020,
    arXiv:1911.07023).
    """

    def __call__(self, made: Tensor, real: Tensor) -> float:
        """Compare `(N, D)` with `(M, D)`; N and M are 2 or more."""
        made, real = checked(made, real, least_made=2)
        first, second = _root(made), _root(real)
        overlap = torch.linalg.svdvals(first @ second.T).sum()
        apart = (made.mean(0) - real.mean(0)).square().sum()
        spread = first.square().sum() + second.square().sum()
        return max(0.0, float(apart + spread - 2 * overlap))


def _root(clips: Tensor) -> Tensor:
    """A matrix R with R'R the covariance of the clips, of no more rows than numbers."""
    centred = (clips - clips.mean(0)) / (len(clips) - 1) ** 0.5
    root: Tensor = torch.linalg.qr(centred, mode="r").R
    return root
