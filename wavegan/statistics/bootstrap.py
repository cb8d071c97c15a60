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
        mean: mean of the finite values; NaN if there are none.
        low: lower end of the interval; the mean itself for a single value.
        high: upper end.
        n: number of finite values.
    """

    mean: float
    low: float
    high: float
    n: int

    def to_dict(self) -> dict[str, object]:
        """A dict for JSON: `{"mean": …, "ci95": [low, high], "n": …}`, None instead of NaN."""
        ends = [None if math.isnan(end) else end for end in (self.low, self.high)]
        return {"mean": None if math.isnan(self.mean) else self.mean, "ci95": ends, "n": self.n}


def mean_interval(values: Sequence[float], level: float = 0.95) -> Interval:
    """The mean of the finite values with a percentile-bootstrap interval.

    10,000 resamples with a fixed seed: the same values always give the same interval. Values are
    resampled as independent: give one value per clip (or listener), not per frame.

    Args:
        values: NaN and infinities are ignored.
        level: confidence level, 0 to 1.
    """
    kept = np.asarray([value for value in values if math.isfinite(value)], dtype=np.float64)
    if not len(kept):
        return Interval(math.nan, math.nan, math.nan, 0)
    rng = np.random.default_rng(SEED)
    # in blocks, because thousands of clips would take gigabytes
    block = max(1, 2_000_000 // len(kept))
    means = []
    for start in range(0, RESAMPLES, block):
        count = min(block, RESAMPLES - start)
        means.append(kept[rng.integers(len(kept), size=(count, len(kept)))].mean(1))
    low, high = np.quantile(np.concatenate(means), [(1 - level) / 2, (1 + level) / 2])
    return Interval(float(kept.mean()), float(low), float(high), len(kept))
