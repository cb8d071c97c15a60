"""Test whether one system is better than another on the same clips."""

import math
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Literal

from wavegan.statistics.bootstrap import Interval, mean_interval
from wavegan.statistics.paired import EXACT, holm, sign_flip

LEVEL = 0.05

Outcome = Literal["better", "worse", "no difference shown"]


@dataclass(frozen=True)
class Difference:
    """The difference of two systems in one metric.

    Attributes:
        difference: mean of (system - other) over the clips both have, with its interval.
        p: two-sided p-value of the hypothesis that the mean difference is 0 (random sign flips).
        p_holm: `p` adjusted for the number of metrics (Holm's method).
        smallest: the smallest `p_holm` that this number of clips can give, if the other metrics
            show no differences.
        verdict: whether the system is better: `p_holm` is under 0.05.
    """

    difference: Interval
    p: float
    p_holm: float
    smallest: float
    verdict: Outcome

    def to_dict(self) -> dict[str, Any]:
        """Return what goes into JSON: None for NaN."""
        interval = self.difference.to_dict()
        return {
            "mean_difference": interval["mean"],
            "ci95": interval["ci95"],
            "n": interval["n"],
            "p": None if math.isnan(self.p) else self.p,
            "p_holm": None if math.isnan(self.p_holm) else self.p_holm,
            "smallest_p_holm": None if math.isnan(self.smallest) else self.smallest,
            "verdict": self.verdict,
        }


@dataclass(frozen=True)
class Comparison:
    """The differences of two systems, by metric."""

    system: str
    against: str
    metrics: Mapping[str, Difference]

    def to_dict(self) -> dict[str, Any]:
        """Return what goes into JSON."""
        metrics = {key: difference.to_dict() for key, difference in self.metrics.items()}
        return {"system": self.system, "against": self.against, "metrics": metrics}


def differences(
    values: Mapping[str, Mapping[str, float]],
    others: Mapping[str, Mapping[str, float]],
    higher_is_better: Mapping[str, bool],
) -> dict[str, Difference]:
    """Compare two systems on the clips that both have.

    Args:
        values: of the system, by metric and clip; NaN where undefined.
        others: of the other system.
        higher_is_better: by metric.

    Returns:
        The differences by metric, in the order of `values`.
    """
    differences = {key: _pairwise(values[key], others[key]) for key in values}
    p_values = [sign_flip(each) for each in differences.values()]
    tested = sum(not math.isnan(p) for p in p_values)
    found = {}
    for (key, each), p, adjusted in zip(differences.items(), p_values, holm(p_values), strict=True):
        interval = mean_interval(each)
        least = smallest_p(interval.n)
        found[key] = Difference(
            interval,
            p,
            adjusted,
            min(1.0, least * tested),
            _verdict(interval.mean, adjusted, higher_is_better[key]),
        )
    return found


def smallest_p(pairs: int) -> float:
    """Return the smallest p of `sign_flip`: 2 of the 2^n patterns; NaN without a pair."""
    if pairs < 1:
        return math.nan
    return 2.0 ** (1 - pairs) if pairs <= EXACT else 0.0


def _pairwise(values: Mapping[str, float], others: Mapping[str, float]) -> list[float]:
    differences = [value - others[name] for name, value in values.items() if name in others]
    return [each for each in differences if math.isfinite(each)]


def _verdict(mean: float, p: float, higher_is_better: bool) -> Outcome:
    if not p < LEVEL:
        return "no difference shown"
    return "better" if (mean > 0) == higher_is_better else "worse"
