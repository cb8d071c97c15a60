"""Trend of a validation figure, and its confidence.

The Mann-Kendall test (Mann 1945, "Nonparametric Tests Against Trend", Econometrica 13:245,
doi:10.2307/1907187; Kendall 1975, "Rank Correlation Methods") counts the pairs of validations that
fall and those that rise. Without a trend every order is equally likely, which gives the probability
of the counts. It assumes no shape of curve or noise, only that the noise of validations is
independent.
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
"""Fewest validations: with fewer, no order has a probability below 1 in 20."""
SURE = 0.95
"""Confidence required to name a direction."""
MATTERS = 0.02
"""Share of the value below which a change within the window does not matter."""
NOISE, MOST = 1.5, 0.1
"""The same for noisy validations: a multiple of their deviation, up to a largest share."""
ENUMERATED, EXACT = 7, 50
"""Most validations for which all orders are enumerated (with ties) or counted (without)."""


@dataclass(frozen=True)
class Trend:
    """The trend of a figure.

    Attributes:
        direction: falling, flat (it changes by less than `margin`), rising, or unknown.
        confidence: one-sided confidence of the direction, 0 to 1; for `unknown`, that of the more
            likely of falling and rising.
        count: number of values.
        first: step of the first value.
        margin: share of the value below which a change does not matter.
        change: change of the value, as a share of the first, by the Theil-Sen slope (of the
            logarithms if all values are positive).
    """

    direction: Direction
    confidence: float
    count: int
    first: int
    margin: float
    change: float = 0.0

    @property
    def matters(self) -> bool:
        """Whether the change exceeds the margin."""
        return abs(self.change) > self.margin


UNKNOWN = Trend("unknown", math.nan, 0, 0, MATTERS)


def window(steps: Sequence[int], least: int = 5) -> int:
    """Index of the first value of the last half of the steps, but at least of `least` values.

    Training curves are regular in the logarithm of the step, so the last doubling is the present.
    """
    recent = sum(step >= steps[-1] / 2 for step in steps)
    return max(0, len(steps) - max(recent, least))


def trend(steps: Sequence[int], values: Sequence[float]) -> Trend:
    """The trend of the values; those that are not finite are left out."""
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
    """1 minus the probability that values without a trend fall this much, 0 to 1.

    Exact for up to 7 values, and for up to 50 different values; beyond that the normal
    approximation with corrections for ties and continuity.
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
        return 0.0  # all values are equal
    return 0.5 * math.erfc((float(score) + 1) / math.sqrt(2 * variance))


def slope(place: Array, level: Array) -> float:
    """Theil-Sen slope: the median of the slopes of all pairs (Sen 1968, doi:10.2307/2285891)."""
    first, second = np.triu_indices(len(level), 1)
    run = place[second] - place[first]
    distinct = run > 0
    return float(np.median((level[second] - level[first])[distinct] / run[distinct]))


def _margin(residual: Array, scale: float) -> float:
    """The share of the value above which a change matters."""
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
