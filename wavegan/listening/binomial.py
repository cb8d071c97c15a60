"""Exact binomial tests, intervals and sample sizes for right and wrong answers."""

import math
from collections.abc import Callable

AHEAD = 20
"""How many larger numbers of trials must have the power too."""


def upper_tail(right: int, total: int, chance: float = 0.5) -> float:
    """The probability of at least `right` right answers: the sum of C(n, k) p^k (1-p)^(n-k).

    Args:
        right: right answers, 0 to `total`.
        total: all answers.
        chance: probability of a right answer.
    """
    if chance in (0.0, 1.0):
        return float(right == 0 or chance == 1.0)
    if chance == 0.5:
        ways = sum(math.comb(total, k) for k in range(right, total + 1))
        return float(ways / 2**total)
    win, lose = math.log(chance), math.log1p(-chance)
    terms = (_log_comb(total, k) + k * win + (total - k) * lose for k in range(right, total + 1))
    return min(1.0, math.fsum(map(math.exp, terms)))


def interval(right: int, total: int, level: float = 0.95) -> tuple[float, float]:
    """The exact interval of a proportion (Clopper, Pearson 1934), coverage at least `level`.

    At the low end, at least `right` right answers have probability (1 - level) / 2; at the high
    end, at most `right`.

    Returns:
        Low and high end; 0 and 1 without answers.
    """
    half = (1 - level) / 2
    low = 0.0 if right == 0 else _solve(lambda p: upper_tail(right, total, p) < half)
    high = 1.0 if right == total else _solve(lambda p: 1 - upper_tail(right + 1, total, p) > half)
    return low, high


def needed(total: int, alpha: float = 0.05) -> int:
    """How many of `total` must be right for p < `alpha`; `total` + 1 if even all are too few."""
    right, ways, more = total + 1, 0, 1
    while right > 0 and ways + more < alpha * 2**total:
        right, ways = right - 1, ways + more
        more = math.comb(total, right - 1) if right else 0
    return right


def trials_needed(chance: float, power: float = 0.8, alpha: float = 0.05) -> int | None:
    """The number of trials that proves a difference for a given rate of right answers.

    From this number on, the test is significant with probability `power`. Power is not monotonic
    in the number of trials, so the 20 larger numbers must reach it too.

    Args:
        chance: probability of a right answer, above 0.5.
        power: of the test.
        alpha: significance level.

    Returns:
        The number of trials, or None if it takes more than 999.
    """
    if chance <= 0.5:
        return None
    least = max(5, math.floor(0.8 / (chance - 0.5) ** 2))
    enough = 0
    for total in range(least, 1000):
        proven = upper_tail(needed(total, alpha), total, chance) >= power
        enough = enough + 1 if proven else 0
        if enough > AHEAD:
            return total - AHEAD
    return None


def _solve(below: Callable[[float], bool]) -> float:
    """Bisect 0 to 1 for the point where a condition turns from true to false."""
    low, high = 0.0, 1.0
    for _ in range(50):
        middle = (low + high) / 2
        low, high = (middle, high) if below(middle) else (low, middle)
    return (low + high) / 2


def _log_comb(n: int, k: int) -> float:
    return math.lgamma(n + 1) - math.lgamma(k + 1) - math.lgamma(n - k + 1)
