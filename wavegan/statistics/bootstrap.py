"""Confidence intervals of means by the bootstrap (Efron 1979, "Another look at the jackknife")."""

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

RESAMPLES = 10_000
SEED = 0


@dataclass(frozen=True)
class Interval:
    """A mean with its 95 % interval.

    Attributes:
        mean: of the finite values; NaN where there are none.
        low: lower end of the interval; the mean itself where there is a single value.
        high: upper end.
        n: how many finite values there were.
    """

    mean: float
    low: float
    high: float
    n: int

    def to_dict(self) -> dict[str, object]:
        """As JSON takes it: `{"mean": …, "ci95": [low, high], "n": …}`, None for what is NaN."""
        ends = [None if math.isnan(end) else end for end in (self.low, self.high)]
        return {"mean": None if math.isnan(self.mean) else self.mean, "ci95": ends, "n": self.n}


def mean_interval(values: Sequence[float], level: float = 0.95) -> Interval:
    """The mean of the values that are finite, with a percentile-bootstrap interval.

    10,000 resamples of fixed seed: the same values always give the same interval. Values are
    resampled as independent: give one value a clip (or a listener), not one a frame.

    Args:
        values: NaN and infinities are left out.
        level: confidence, 0 to 1.
    """
    kept = np.asarray([value for value in values if math.isfinite(value)], dtype=np.float64)
    if not len(kept):
        return Interval(math.nan, math.nan, math.nan, 0)
    rng = np.random.default_rng(SEED)
    # a block at a time, so that thousands of clips do not become gigabytes
    block = max(1, 2_000_000 // len(kept))
    means = []
    for start in range(0, RESAMPLES, block):
        count = min(block, RESAMPLES - start)
        means.append(kept[rng.integers(len(kept), size=(count, len(kept)))].mean(1))
    low, high = np.quantile(np.concatenate(means), [(1 - level) / 2, (1 + level) / 2])
    return Interval(float(kept.mean()), float(low), float(high), len(kept))
