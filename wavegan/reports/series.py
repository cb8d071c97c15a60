"""A logged value over the steps of a run, thinned to what a screen can show."""

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import Any

import numpy as np
from numpy.typing import NDArray

MOST = 240
"""Number of bins for a long series: about as many as a small chart has pixels."""
SMOOTHED = 40
"""The moving mean of the smooth line spans 1 / SMOOTHED of the points."""
FEW = 20
"""A series of up to this many points is not smoothed."""


@dataclass(frozen=True)
class Series:
    """One run's line in a chart.

    Attributes:
        run: index of the run, from 0.
        steps: `(N,)`, rising.
        values: `(N,)`; NaN where the logged value was not finite.
        low: `(N,)` minimum of each bin.
        high: `(N,)` maximum of each bin.
        smooth: `(N,)` moving mean of the finite values, or None for short series.
        broken: steps whose logged value was not finite.
        count: number of logged values.
        begins: `(K,)` indices of points that are not joined to the point before, because
            values before do not compare.
    """

    run: int
    steps: NDArray[np.float64]
    values: NDArray[np.float64]
    low: NDArray[np.float64]
    high: NDArray[np.float64]
    smooth: NDArray[np.float64] | None
    broken: tuple[int, ...]
    count: int
    begins: tuple[int, ...] = ()

    @property
    def finite(self) -> NDArray[np.float64]:
        """All finite values that the line passes through."""
        return np.concatenate([self.low, self.high])[np.isfinite(np.tile(self.values, 2))]

    @property
    def last(self) -> float:
        """The last finite value (for a thinned series, the mean of its last bin), or NaN."""
        known = self.values[np.isfinite(self.values)]
        return float(known[-1]) if len(known) else math.nan


def thinned(
    run: int, steps: Sequence[int], values: Sequence[float], breaks: Sequence[int] = ()
) -> Series:
    """Thin values to at most `MOST` points; a bin without a finite value is a gap.

    A resumed run may have logged a step twice: the later value counts.

    Args:
        run: index of the run.
        steps: of the values.
        values: as logged.
        breaks: steps after which values do not compare with those before: no mean, bin or line
            crosses them. Each adds at most one point.
    """
    written = dict(zip(steps, values, strict=True))
    order = sorted(written)
    x = np.asarray(order, dtype=np.float64)
    y = np.asarray([written[step] for step in order], dtype=np.float64)
    y[~np.isfinite(y)] = math.nan
    broken = tuple(int(step) for step in x[np.isnan(y)])
    parts = np.unique(np.searchsorted(x, np.asarray(breaks, dtype=np.float64), side="right"))
    parts = parts[(parts > 0) & (parts < len(x))]
    width = max(3, len(y) // SMOOTHED)
    smooth = None
    if len(x) > FEW:
        smooth = np.concatenate([_moving_mean(part, width) for part in np.split(y, parts)])
    even = np.linspace(0, len(x), min(len(x), MOST) + 1).astype(int)
    edges = np.union1d(even, parts)
    bins = list(pairwise(edges))
    return Series(
        run,
        np.asarray([x[b - 1] for _, b in bins]),
        np.asarray([_over(np.mean, y[a:b]) for a, b in bins]),
        np.asarray([_over(np.min, y[a:b]) for a, b in bins]),
        np.asarray([_over(np.max, y[a:b]) for a, b in bins]),
        None if smooth is None else np.asarray([_over(np.mean, smooth[a:b]) for a, b in bins]),
        broken,
        len(x),
        tuple(int(place) for place in np.searchsorted(edges, parts)),
    )


def _over(what: Callable[[Any], Any], values: NDArray[np.float64]) -> float:
    """Apply `what` to the finite values; NaN if there are none."""
    known = values[np.isfinite(values)]
    return float(what(known)) if len(known) else math.nan


def _moving_mean(values: NDArray[np.float64], width: int) -> NDArray[np.float64]:
    """Centred moving mean of finite values, over fewer at the ends; NaN stays NaN."""
    known = np.isfinite(values)
    sums = np.concatenate([[0], np.cumsum(np.where(known, values, 0))])
    counts = np.concatenate([[0], np.cumsum(known)])
    place = np.arange(len(values))
    first, last = np.maximum(place - width // 2, 0), np.minimum(place + width // 2 + 1, len(values))
    count = counts[last] - counts[first]
    means = (sums[last] - sums[first]) / np.maximum(count, 1)
    return np.where(known, means, math.nan)
