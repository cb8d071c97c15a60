"""Score an ABX test."""

from collections import defaultdict
from dataclasses import dataclass

from wavegan.counted import counted
from wavegan.listening import binomial
from wavegan.listening.results import Collected
from wavegan.statistics.paired import holm

ALPHA = 0.05


@dataclass(frozen=True)
class Tally:
    """Number of right answers out of a total."""

    right: int
    total: int


@dataclass(frozen=True)
class AbxResult:
    """Whether listeners hear a difference between two systems.

    Attributes:
        a: one system.
        b: the other.
        tally: over all listeners.
        listeners: tally by name.
        ci95: of the share of right answers (Clopper-Pearson).
        p: probability of at least this many right answers by guessing, one-sided, exact.
        p_holm: p adjusted for the number of pairs.
        needed: trials needed to prove the observed share of right answers with a power of 80 %;
            None if it is 50 % or less, or takes more than 999.
    """

    a: str
    b: str
    tally: Tally
    listeners: dict[str, Tally]
    ci95: tuple[float, float]
    p: float
    p_holm: float
    needed: int | None

    @property
    def heard(self) -> bool:
        """Whether a difference is proven."""
        return self.p_holm < ALPHA

    def verdict(self) -> str:
        """The conclusion, in a sentence or two."""
        high = f"{self.ci95[1]:.0%}"
        if self.heard:
            return "The difference is heard."
        least = binomial.needed(self.tally.total)
        if least > self.tally.total:
            many = counted(self.tally.total, "trial proves", "trials prove")
            return f"{many} nothing, even if all answers are right: run at least 16."
        text = (
            f"No difference is shown. Up to {high} right answers are still possible; {least} right "
            f"answers of {self.tally.total} would have shown a difference."
        )
        if self.needed is not None and self.needed > self.tally.total:
            text += f" If the true share is {self.tally.right / self.tally.total:.0%}, it takes "
            text += f"{counted(self.needed, 'trial')} to show it."
        return text


@dataclass(frozen=True)
class Abx:
    """The result of the test, with one entry for each pair."""

    listeners: tuple[str, ...]
    pairs: tuple[AbxResult, ...]

    def to_dict(self) -> dict[str, object]:
        """The result as a JSON object."""
        return {
            "listeners": list(self.listeners),
            "pairs": [
                {
                    "a": pair.a,
                    "b": pair.b,
                    "right": pair.tally.right,
                    "total": pair.tally.total,
                    "share": pair.tally.right / pair.tally.total,
                    "ci95": list(pair.ci95),
                    "p": pair.p,
                    "p_holm": pair.p_holm,
                    "heard": pair.heard,
                    "trials_needed": pair.needed,
                    "verdict": pair.verdict(),
                    "listeners": {name: vars(tally) for name, tally in pair.listeners.items()},
                }
                for pair in self.pairs
            ],
            "warnings": self.warnings(),
        }

    def warnings(self) -> list[str]:
        """Caveats about the numbers."""
        if len(self.listeners) == 1:
            return ["a single listener: others may hear more or less"]
        return ["the intervals treat all answers as independent, also those of one listener"]


def score(collected: Collected) -> Abx:
    """Compute right answers, exact p-values and intervals for each pair.

    The p-value holds for any mix of listeners, because X is A or B at random in each trial.
    """
    names = [condition.name for condition in collected.test.conditions]
    answers: dict[tuple[str, str], dict[str, list[bool]]] = defaultdict(lambda: defaultdict(list))
    for result in collected.results:
        for trial in result.trials:
            if trial.done and trial.a and trial.b and trial.answer:
                pair = (trial.a, trial.b)
                first, second = sorted(pair, key=names.index)
                right = trial.answer == trial.x
                answers[first, second][result.listener.name].append(right)
    pairs = [(a, b, by) for (a, b), by in answers.items()]
    tallies = [Tally(sum(map(sum, by.values())), sum(map(len, by.values()))) for _, _, by in pairs]
    p_values = [binomial.upper_tail(tally.right, tally.total) for tally in tallies]
    found = [
        AbxResult(
            a,
            b,
            tally,
            {name: Tally(sum(answered), len(answered)) for name, answered in by.items()},
            binomial.interval(tally.right, tally.total),
            p,
            adjusted,
            binomial.trials_needed(tally.right / tally.total),
        )
        for (a, b, by), tally, p, adjusted in zip(
            pairs, tallies, p_values, holm(p_values), strict=True
        )
    ]
    return Abx(tuple(result.listener.name for result in collected.results), tuple(found))
