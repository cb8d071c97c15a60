"""The Fréchet distance between Gaussians fitted to two sets, without a matrix root."""

import torch
from torch import Tensor


def distance(made: Tensor, real: Tensor) -> float:
    """Compare `(N, D)` with `(M, D)`, float64, N and M 2 or more; the distance is 0 or more.

    With the covariances S1 = A'A and S2 = B'B, the trace of (S1 S2)^(1/2) is the sum of the
    singular values of AB'. This also holds for fewer clips than dimensions, where S1 and S2 are
    singular and the usual matrix root is unstable.
    """
    first, second = _root(made), _root(real)
    overlap = torch.linalg.svdvals(first @ second.T).sum()
    shift = (made.mean(0) - real.mean(0)).square().sum()
    spread = first.square().sum() + second.square().sum()
    return max(0.0, float(shift + spread - 2 * overlap))


def spread_over(clips: Tensor) -> float:
    """Return over how many directions the variance of `(N, D)` is spread: 1 to D, below N.

    The participation ratio (Tr S)^2 / Tr(S^2) of the covariance S: D if all dimensions have equal
    variance and are uncorrelated, 0 if all clips are the same.
    """
    root = _root(clips)
    squares = torch.linalg.svdvals(root).square()
    fourth = float(squares.square().sum())
    return float(squares.sum().square()) / fourth if fourth > 0 else 0.0


def _root(clips: Tensor) -> Tensor:
    """A matrix R of at most D rows; R'R is the covariance of the clips."""
    centred = (clips - clips.mean(0)) / (len(clips) - 1) ** 0.5
    root: Tensor = torch.linalg.qr(centred, mode="r").R
    return root
