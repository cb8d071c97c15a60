"""Score a MUSHRA test (ITU-R BS.1534-3)."""

import itertools
import math
from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from wavegan.counted import counted
from wavegan.errors import UserError
from wavegan.listening.results import Collected, Result
from wavegan.statistics.bootstrap import Interval, mean_interval
from wavegan.statistics.paired import holm, sign_flip

HEARD = 90
"""The rating that the hidden reference must get."""
MISSES = 0.15
"""The share of trials in which a listener may rate it lower."""
ENOUGH = 20
"""Number of listeners that the recommendation asks for."""
REACHES = 6
"""Fewer listeners cannot reach p < 0.05 in a sign-flip test (2 / 2^5 = 0.06)."""
NARROW = 10
"""With fewer listeners bootstrap intervals are clearly too narrow: in simulations with normal
deviates, 95 % intervals of 3, 4, 6, 8, 10, 20 contained the truth in 75, 81, 85, 90, 91, 93 % of
cases."""
Ratings = dict[tuple[str, str], float]


@dataclass(frozen=True)
class Screened:
    """A listener who rated the hidden reference under 90 too often."""

    listener: str
    missed: int
    trials: int

    def __str__(self) -> str:
        return (
            f"{self.listener}: rated the hidden reference under {HEARD} in {self.missed} of "
            f"{counted(self.trials, 'trial')}"
        )


@dataclass(frozen=True)
class ConditionRating:
    """The mean rating of a condition, over all clips and for each clip."""

    name: str
    role: str
    rating: Interval
    clips: Mapping[str, float]


@dataclass(frozen=True)
class RatingDifference:
    """How much higher `a` was rated than `b`, on the same clips by the same listeners.

    Attributes:
        p: sign-flip test of a difference of 0.
        p_holm: p adjusted for the number of pairs.
    """

    a: str
    b: str
    difference: Interval
    p: float
    p_holm: float


@dataclass(frozen=True)
class Mushra:
    """The result of the test.

    Attributes:
        listeners: whose ratings count.
        screened: listeners who failed the screening; excluded unless `kept_all`.
        kept_all: whether they are included.
        unit: what was resampled for the intervals: "listeners", or "clips" for a single listener.
        rows: conditions, the best first.
        pairs: every two systems, and each system with the reference.
        trials: finished trials of the listeners that count.
    """

    listeners: tuple[str, ...]
    screened: tuple[Screened, ...]
    kept_all: bool
    unit: str
    rows: tuple[ConditionRating, ...]
    pairs: tuple[RatingDifference, ...]
    trials: int

    def to_dict(self) -> dict[str, object]:
        """The result as a JSON object."""
        return {
            "listeners": list(self.listeners),
            "screened": [vars(one) for one in self.screened],
            "kept_all": self.kept_all,
            "resampled": self.unit,
            "trials": self.trials,
            "systems": [
                {"name": r.name, "role": r.role, **r.rating.to_dict(), "clips": dict(r.clips)}
                for r in self.rows
            ],
            "pairs": [
                {
                    "a": pair.a,
                    "b": pair.b,
                    "difference": pair.difference.to_dict(),
                    "p": _number(pair.p),
                    "p_holm": _number(pair.p_holm),
                }
                for pair in self.pairs
            ],
            "warnings": self.warnings(),
        }

    def warnings(self) -> list[str]:
        """Caveats about the numbers."""
        count = len(self.listeners)
        if count == 1:
            return [
                "a single listener: the intervals are over clips and do not apply to other people"
            ]
        found = []
        if count < REACHES:
            least = 2 / 2**count
            found.append(
                f"{counted(count, 'listener')} cannot show a difference: the least p is {least:.2g}"
            )
        if count < NARROW:
            found.append(
                "intervals of so few listeners are too narrow: with 6 they contain the truth in "
                "85 % of cases instead of 95 %"
            )
        if count < ENOUGH:
            found.append(f"{counted(count, 'listener')}: BS.1534 asks for {ENOUGH}")
        return found


def score(collected: Collected, *, keep_all: bool = False) -> Mushra:
    """Compute means, intervals and differences of finished trials.

    A listener who rates the hidden reference under 90 in more than 15 % of the trials is
    excluded. A condition's rating is the mean over listeners of their means over clips. Intervals
    are 95 %, by resampling listeners, so that they apply to other listeners; for a single
    listener, clips are resampled.

    Raises:
        UserError: no listener is left.
    """
    roles = {condition.name: condition.role for condition in collected.test.conditions}
    hidden = next((name for name, role in roles.items() if role == "reference"), None)
    screening = [(result, _screen(result, hidden)) for result in collected.results]
    failed = [screened for _, screened in screening if screened is not None]
    kept = [result for result, screened in screening if keep_all or screened is None]
    if not kept:
        raise UserError(
            f"no listener is left ({'; '.join(map(str, failed))}); use --keep-all to include them"
        )
    ratings = [_ratings(result) for result in kept]
    rows = [_row(name, role, ratings) for name, role in roles.items()]
    return Mushra(
        listeners=tuple(result.listener.name for result in kept),
        screened=tuple(failed),
        kept_all=keep_all,
        unit="clips" if len(kept) == 1 else "listeners",
        rows=tuple(sorted(rows, key=lambda row: -row.rating.mean)),
        pairs=_pairs(roles, ratings, {row.name: row.rating.mean for row in rows}),
        trials=sum(result.answered for result in kept),
    )


def _screen(result: Result, hidden: str | None) -> Screened | None:
    given = [
        rating.rating
        for trial in result.trials
        if trial.done
        for rating in trial.ratings
        if rating.condition == hidden and rating.rating is not None
    ]
    missed = sum(rating < HEARD for rating in given)
    if missed <= MISSES * len(given):
        return None
    return Screened(result.listener.name, missed, len(given))


def _ratings(result: Result) -> Ratings:
    """Ratings by condition and clip."""
    return {
        (rating.condition, trial.clip): rating.rating
        for trial in result.trials
        if trial.done
        for rating in trial.ratings
        if rating.rating is not None
    }


def _row(name: str, role: str, ratings: Sequence[Ratings]) -> ConditionRating:
    clips: dict[str, list[float]] = defaultdict(list)
    for listener in ratings:
        for (condition, clip), rating in listener.items():
            if condition == name:
                clips[clip].append(rating)
    means = {clip: _mean(given) for clip, given in sorted(clips.items())}
    values = [[v for (c, _), v in listener.items() if c == name] for listener in ratings]
    return ConditionRating(name, role, mean_interval(_units(values)), means)


def _pairs(
    roles: Mapping[str, str], ratings: Sequence[Ratings], means: Mapping[str, float]
) -> tuple[RatingDifference, ...]:
    names = [name for name, role in roles.items() if role != "anchor"]
    found = []
    for a, b in itertools.combinations(sorted(names, key=lambda name: -means[name]), 2):
        differences = _units([_differences(listener, a, b) for listener in ratings])
        found.append((a, b, mean_interval(differences), sign_flip(differences)))
    adjusted = holm([p for *_, p in found])
    return tuple(RatingDifference(*pair, p_holm=p) for pair, p in zip(found, adjusted, strict=True))


def _differences(listener: Ratings, a: str, b: str) -> list[float]:
    """A listener's ratings of `a` minus those of `b`, by clip."""
    return [
        rating - listener[b, clip]
        for (condition, clip), rating in listener.items()
        if condition == a and (b, clip) in listener
    ]


def _units(values: Sequence[Sequence[float]]) -> Sequence[float]:
    """The values to resample: the means of listeners, or all values of a single one."""
    return values[0] if len(values) == 1 else [_mean(given) for given in values]


def _mean(values: Sequence[float]) -> float:
    return sum(values) / len(values) if values else math.nan


def _number(value: float) -> float | None:
    return None if math.isnan(value) else value
