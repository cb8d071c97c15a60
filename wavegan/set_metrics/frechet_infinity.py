"""The Fréchet distance of endlessly many clips (Chong & Forsyth 2020, arXiv:1911.07023)."""

from hashlib import sha256

import torch
from torch import Tensor

from wavegan.errors import UserError
from wavegan.set_metrics._gaussians import distance, spread_over
from wavegan.set_metrics._pair import checked
from wavegan.set_metrics.base import SetMetric

PARTS = (1.0, 1.2, 1.4, 1.6, 1.8, 2.0)
"""One over the shares of the sets whose distance is measured, evenly spaced."""
DRAWS = 8
LEAST = 40


class FrechetInfinity(SetMetric):
    """The Fréchet distance without its bias: where it heads as both sets grow; about 0 is best.

    The plain distance of finite sets is too large by a term in 1/N and 1/M and smaller ones. So
    it is measured on the whole sets and on random subsets of both, from 1/1.2 down to a half of
    them (the mean of 8 draws each, without replacement, of fixed seeds), and the line

        d(share) = d_infinity + slope / share

    is fitted by least squares. As FAD-infinity (Gui et al. 2023, arXiv:2311.01616) but that both
    sets shrink, as the bias comes from the real clips too. Sets of one distribution
    give a little more or less than 0: a negative number is noise, and is not cut off.

    What is left of the bias is least where subsets are large beside the number of directions in
    which clips vary, and can be most of it where they are few; such sets are refused. How well the
    line fits is not told, because it tells nothing: too small subsets lie on one, too.

    Raises:
        UserError: fewer than 40 clips in a set, or a half of it is fewer clips than the directions
            its variance spreads over, (Tr S)^2 / Tr(S^2).
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
            f"{len(clips)} {name} clips: half of them is too few to extrapolate from, as they vary"
            f" in about {wide:.0f} directions; give more, or use frechet with sets of one size"
        )


def _shuffled(clips: Tensor) -> Tensor:
    """The clips in an order that looks random but follows from what they are.

    So the number does not depend on the order they come in, and the draws of a set and of its
    copy are copies.
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
    """Where the line through the values crosses 0."""
    place = torch.tensor(places, dtype=torch.float64)
    value = torch.tensor(values, dtype=torch.float64)
    offset = place - place.mean()
    slope = (offset * value).sum() / offset.square().sum()
    return float(value.mean() - slope * place.mean())
