"""The Fréchet distance, extrapolated to infinitely many clips (Chong & Forsyth 2020)."""

from hashlib import sha256

import torch
from torch import Tensor

from wavegan.errors import UserError
from wavegan.set_metrics._gaussians import distance, spread_over
from wavegan.set_metrics._pair import checked
from wavegan.set_metrics.base import SetMetric

PARTS = (1.0, 1.2, 1.4, 1.6, 1.8, 2.0)
"""The inverse shares of the sets at which the distance is measured, evenly spaced."""
DRAWS = 8
LEAST = 40


class FrechetInfinity(SetMetric):
    """The Fréchet distance without its bias: its limit for infinitely many clips; about 0 is best.

    The plain distance of finite sets is too large by a term in 1/N and 1/M and smaller ones. So
    it is measured on the whole sets and on random subsets of both, from 1/1.2 down to a half of
    them (the mean of 8 draws each, without replacement, fixed seeds), and the line

        d(share) = d_infinity + slope / share

    is fitted by least squares (Chong & Forsyth 2020, arXiv:1911.07023). FAD-infinity (Gui et al.
    2023, arXiv:2311.01616) is the same, but shrinks one set only; the bias comes from the real
    clips too. Sets of one distribution give a little more or less than 0: a negative number is
    noise, and is not clipped.

    Little bias remains if subsets are large compared with the number of directions in which clips
    vary. For small subsets most of it can remain; such sets are refused. The quality of the fit is
    not reported, as it says nothing: subsets that are too small lie on a line, too.

    Raises:
        UserError: a set has fewer than 40 clips, or half of it is fewer clips than the directions
            that its variance is spread over, (Tr S)^2 / Tr(S^2).
    """

    def __call__(self, made: Tensor, real: Tensor) -> float:
        """Compare `(N, D)` with `(M, D)`; N and M are 40 or more."""
        made, real = checked(made, real, least_made=LEAST, least_real=LEAST)
        _check(made, "made")
        _check(real, "real")
        made, real = _shuffled(made), _shuffled(real)
        return _intercept(PARTS, [_mean_distance(made, real, part) for part in PARTS])


def _check(clips: Tensor, name: str) -> None:
    half, wide = len(clips) // 2, spread_over(clips)
    if half < wide:
        raise UserError(
            f"{len(clips)} {name} clips: half of them are too few to extrapolate from, as they "
            f"vary in about {wide:.0f} directions: give more, or use frechet with sets of one size"
        )


def _shuffled(clips: Tensor) -> Tensor:
    """Shuffle the clips into an order that depends on their content alone.

    So the number does not depend on the order of the files, and a set and its copy give the same
    draws.
    """
    rows = [sha256(row.tobytes()).digest() for row in (clips + 0.0).numpy()]
    return clips[sorted(range(len(rows)), key=rows.__getitem__)]


def _mean_distance(made: Tensor, real: Tensor, part: float) -> float:
    if part == 1:
        return distance(made, real)
    drawn = ((_some(made, part, seed), _some(real, part, seed)) for seed in range(DRAWS))
    return sum(distance(*pair) for pair in drawn) / DRAWS


def _some(clips: Tensor, part: float, seed: int) -> Tensor:
    random = torch.Generator().manual_seed(seed)
    return clips[torch.randperm(len(clips), generator=random)[: round(len(clips) / part)]]


def _intercept(places: tuple[float, ...], values: list[float]) -> float:
    """The value at 0 of the line fitted to the values."""
    place = torch.tensor(places, dtype=torch.float64)
    value = torch.tensor(values, dtype=torch.float64)
    offset = place - place.mean()
    slope = (offset * value).sum() / offset.square().sum()
    return float(value.mean() - slope * place.mean())
