"""Summarize a run's skipped steps and its returns to a checkpoint."""

from collections import Counter
from dataclasses import dataclass

from wavegan.counted import counted
from wavegan.progress.history import History
from wavegan.progress.lines import Line

SHOWN = 3


@dataclass(frozen=True)
class SkippedSteps:
    """The steps of a run that were not finite.

    Attributes:
        steps: number of skipped steps.
        last: the last of them; None if there are none.
        term: the term that was not finite in it, or "".
        guilty: clips that cause it on their own, the most frequent first.
        returns: number of returns to a checkpoint.
        rate: current factor of both learning rates.
    """

    steps: int
    last: int | None
    term: str
    guilty: tuple[str, ...]
    returns: int
    rate: float

    @classmethod
    def of(cls, history: History) -> "SkippedSteps":
        """Summarize a run's history; incomplete lines count with the fields they have."""
        skips, returns = history.skips, history.returns
        named = Counter(path for line in skips for path in _names(line, "guilty"))
        return cls(
            steps=max((_whole(line, "total") for line in skips), default=0),
            last=int(skips[-1]["step"]) if skips else None,
            term=next(iter(_names(skips[-1], "terms")), "") if skips else "",
            guilty=tuple(path for path, _ in named.most_common()),
            returns=max((_whole(line, "number") for line in returns), default=0),
            rate=history.rate,
        )

    @property
    def sentence(self) -> str:
        """A sentence for messages; "" if all steps were finite."""
        return " ".join(text for text in (self._skips(), self._returns()) if text)

    def _skips(self) -> str:
        if not self.steps or self.last is None:
            return ""
        many = counted(self.steps, "step was", "steps were")
        why = f" ({self.term})" if self.term else ""
        text = f"{many} skipped as not finite, the last at step {self.last:,}{why}"
        if not self.guilty:
            return f"{text}; no single clip is the cause."
        more = f" and {len(self.guilty) - SHOWN} more" if len(self.guilty) > SHOWN else ""
        named = ", ".join(_printable(path) for path in self.guilty[:SHOWN])
        return f"{text}; check {named}{more}."

    def _returns(self) -> str:
        if not self.returns:
            return ""
        times = "once" if self.returns == 1 else f"{self.returns} times"
        since = f"are x {self.rate:g} since" if self.rate < 1 else "were set again since"
        return f"It returned to a checkpoint {times}; both learning rates {since}."


def _names(line: Line, key: str) -> list[str]:
    value = line.get(key)
    return [one for one in value if isinstance(one, str)] if isinstance(value, list) else []


def _whole(line: Line, key: str) -> int:
    value = line.get(key)
    return value if isinstance(value, int) and not isinstance(value, bool) else 0


def _printable(path: str) -> str:
    return path.encode("utf-8", "surrogateescape").decode("utf-8", "backslashreplace")
