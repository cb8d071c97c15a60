"""Whether a figure of the validations falls, and how sure that is.

Mann and Kendall's test for a trend (Mann 1945, "Nonparametric Tests Against Trend", Econometrica
13:245, doi:10.2307/1907187; Kendall 1975, "Rank Correlation Methods"): how many pairs of
validations fall and how many rise. With no trend every order is equally likely, which gives the
probability of so many. It asks for no shape of the curve or of its noise, only that the noise of
one validation says nothing about that of the next.
"""

import itertools
import math
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache
from typing import Literal

import numpy as np
from numpy.typing import NDArray

Direction = Literal["falling", "flat", "rising", "unknown"]
Array = NDArray[np.float64]

FEWEST = 4
"""Validations below which no order of them is rarer than 1 in 20."""
SURE = 0.95
"""Confidence from which on a direction is named."""
MATTERS = 0.02
"""Share of the value: a change below it within the window is none that matters."""
NOISE, MOST = 1.5, 0.1
"""The same where validations scatter: so many of their deviations, at most so large a share."""
ENUMERATED, EXACT = 7, 50
"""Up to so many validations all orders are gone through (with ties), or counted (without)."""


@dataclass(frozen=True)
class Trend:
    """Where a figure is going.

    Attributes:
        direction: falling, flat (it changes by less than `margin`), rising, or unknown.
        confidence: one-sided, 0 to 1: how sure the direction is; of `unknown`, that of the
            likelier of falling and rising.
        count: how many values it was judged by.
        first: step of the first of them.
        margin: share of the value below which a change within these values is none.
        change: of the value within these, as a share of the first, by Theil's and Sen's slope (of
            the logarithms where all are positive).
    """

    direction: Direction
    confidence: float
    count: int
    first: int
    margin: float
    change: float = 0.0

    @property
    def matters(self) -> bool:
        """Whether the change is one."""
        return abs(self.change) > self.margin


UNKNOWN = Trend("unknown", math.nan, 0, 0, MATTERS)


def window(steps: Sequence[int], least: int = 5) -> int:
    """Index of the first value to judge by: those since half of the steps, but `least` of them.

    A curve of training is even in doublings of its steps, so the last doubling is its present.
    """
    recent = sum(step >= steps[-1] / 2 for step in steps)
    return max(0, len(steps) - max(recent, least))


def trend(steps: Sequence[int], values: Sequence[float]) -> Trend:
    """The trend of all these values; those that are not finite are left out."""
    kept = [(s, v) for s, v in zip(steps, values, strict=True) if math.isfinite(v)]
    if len(kept) < FEWEST:
        return UNKNOWN if not kept else Trend("unknown", math.nan, len(kept), kept[0][0], MATTERS)
    place = np.array([s for s, _ in kept], dtype=np.float64)
    level = np.array([v for _, v in kept])
    place = (place - place[0]) / max(place[-1] - place[0], 1.0)
    middle = abs(float(np.median(level)))
    steepness = slope(place, level)
    margin = _margin(level - steepness * place, middle)
    most = margin * middle
    fall, rise = falls(level), falls(-level)
    still = min(falls(level - most * place), falls(-(level + most * place)))
    direction: Direction
    if still >= SURE:
        direction, confidence = "flat", still
    elif max(fall, rise) >= SURE:
        direction, confidence = ("falling", fall) if fall > rise else ("rising", rise)
    else:
        direction, confidence = "unknown", max(fall, rise)
    change = steepness / middle if middle else 0.0
    if (level > 0).all():
        change = math.expm1(slope(place, np.log(level)))
    return Trend(direction, confidence, len(kept), kept[0][0], margin, change)


def falls(values: Array) -> float:
    """1 minus the probability that values without a trend fall as much: 0 to 1.

    Exact up to 7 values, and up to 50 that all differ; beyond that the normal approximation with
    the correction for ties and for continuity.
    """
    score, count = _score(values), len(values)
    ties = np.unique(values, return_counts=True)[1]
    if (ties > 1).any() and count <= ENUMERATED:
        orders = values[np.array(list(itertools.permutations(range(count))))]
        return 1.0 - float((_score(orders) <= score).mean())
    if (ties == 1).all() and count <= EXACT:
        return 1.0 - float(_fewer(count)[: (count * (count - 1) // 2 + int(score)) // 2 + 1].sum())
    total = count * (count - 1) * (2 * count + 5)
    variance = (total - float((ties * (ties - 1) * (2 * ties + 5)).sum())) / 18
    if variance <= 0:
        return 0.0  # all alike
    return 0.5 * math.erfc((float(score) + 1) / math.sqrt(2 * variance))


def slope(place: Array, level: Array) -> float:
    """Theil and Sen's: the median of the slopes of all pairs (Sen 1968, doi:10.2307/2285891)."""
    first, second = np.triu_indices(len(level), 1)
    run = place[second] - place[first]
    apart = run > 0
    return float(np.median((level[second] - level[first])[apart] / run[apart]))


def _margin(residual: Array, scale: float) -> float:
    """The share of the value that a change has to exceed to matter."""
    scatter = 1.4826 * float(np.median(np.abs(residual - np.median(residual))))
    return min(max(NOISE * scatter / scale, MATTERS), MOST) if scale else MATTERS


def _score(values: Array) -> Array:
    """Kendall's S along the last axis: pairs that rise minus pairs that fall."""
    first, second = np.triu_indices(values.shape[-1], 1)
    result: Array = np.sign(values[..., second] - values[..., first]).sum(-1)
    return result


@cache
def _fewer(count: int) -> Array:
    """Probability of 0, 1, ... rising pairs among `count` different values in any order."""
    chances = np.ones(1)
    for number in range(2, count + 1):
        chances = np.convolve(chances, np.full(number, 1.0 / number))
    return chances
