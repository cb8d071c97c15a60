"""Advice for a run: the first rule that applies decides."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from wavegan.progress import alarms, early, wording
from wavegan.progress.alarm import Action, Alarm
from wavegan.progress.history import History
from wavegan.progress.plateau import Plateau
from wavegan.progress.thresholds import AFTER_BEST, LONG_AGO, NEARLY, SINCE, YOUNG
from wavegan.progress.trend import FEWEST, Trend, falls, trend


@dataclass(frozen=True)
class Facts:
    """Facts of a run; steps and values are the finite ones of its main metric."""

    history: History
    steps: Sequence[int]
    values: Sequence[float]
    trend: Trend
    plateau: Plateau | None
    problems: Sequence[Alarm]

    @property
    def too_early(self) -> bool:
        """Whether there are too few validations or steps for a trend."""
        return len(self.values) < FEWEST or self.history.step < self.history.early

    @property
    def best(self) -> int:
        """Index of the lowest value."""
        return int(np.argmin(self.values))

    @property
    def step(self) -> int:
        """Step of the last validation, or of the last line if there is none."""
        return self.steps[-1] if self.steps else self.history.step


@dataclass(frozen=True)
class Advice:
    """What to do: the action, why in a few words, and a sentence or two."""

    action: Action
    reason: str
    text: str


def advise(facts: Facts) -> Advice:
    """The advice of the first rule that applies."""
    for rule in (_trouble, _too_early, _rising, _falling, _flat):
        advice = rule(facts)
        if advice is not None:
            return advice
    return _unclear(facts)


def validation_alarms(history: History, improving: bool) -> list[Alarm]:
    """The alarms of the last validation; while validations improve, only collapse counts."""
    if not history.validation or history.step < history.early:
        return []
    *past, last = history.validation
    found = [alarm for alarm in history.alarms if alarm.step == last["step"]]
    if any(alarm.name is None for alarm in found):
        # an older version wrote only the text; find the alarm by the figures
        found = alarms.of(last["step"], last, past)
    return [alarm for alarm in found if alarm.name == "collapse" or not improving]


def rising(values: Sequence[float]) -> float:
    """Confidence that the values rise since their minimum; 0 if too few follow it."""
    after = np.array(values[int(np.argmin(values)) + 1 :]) if len(values) else np.empty(0)
    return falls(-after) if len(after) >= AFTER_BEST else 0.0


def overfits(facts: Facts) -> bool:
    """Whether the training losses that correspond to validation fall in the trend's window."""
    losses = facts.history.recipe.get("losses")
    for name in losses if isinstance(losses, dict) else ():
        steps, values = facts.history.series("train", f"generator/{name}")
        edges = [s for s in facts.steps if s >= facts.trend.first]
        means = _between(steps, values, edges)
        if len(means) >= FEWEST and trend(edges[-len(means) :], means).direction == "falling":
            return True
    return False


def _between(steps: Sequence[int], values: Sequence[float], edges: Sequence[int]) -> list[float]:
    """The mean of the values between successive edges."""
    place, level = np.array(steps), np.array(values)
    means = []
    for number, edge in enumerate(edges):
        since = edges[number - 1] if number else edge - (edges[1] - edge if len(edges) > 1 else 0)
        inside = level[(place > since) & (place <= edge)]
        if len(inside):
            means.append(float(inside.mean()))
    return means


def _trouble(facts: Facts) -> Advice | None:
    if not facts.problems:
        return None
    first = facts.problems[0]
    use = "" if not facts.values or first.name == "memorized" else f" {_best(facts)}"
    return Advice(first.action, str(first.name), f"{wording.remedy(first)}{use}")


def _too_early(facts: Facts) -> Advice | None:
    history, made = facts.history, len(facts.values)
    if not facts.too_early:
        return None
    if history.unmeasured:
        return Advice(
            "stop" if history.ended else "continue",
            "nothing is measured",
            f"{'It has ended' if history.ended else 'Continue'}: nothing is measured "
            "(data.validation is 0); listen to its samples.",
        )
    if history.ended:
        reason = "it has ended, too few validations for a trend"
        return Advice("stop", reason, early.over(history, made))
    return Advice("wait", "too early to tell", early.waits(history, made))


def _rising(facts: Facts) -> Advice | None:
    if facts.trend.direction != "rising" or not facts.trend.matters:
        return None
    if not facts.history.ended and facts.step < YOUNG * facts.history.total:
        return Advice(
            "wait",
            "rising, but young",
            "Wait: it rises, but the run has hardly begun; stop if it keeps rising.",
        )
    if overfits(facts):
        return Advice(
            "more_data",
            "overfitting",
            f"It overfits: training losses fall while validation rises. Stop, and {_use(facts)}; "
            "more recordings will help, more steps will not.",
        )
    return Advice(
        "stop",
        "rising since its best",
        f"Stop, and {_use(facts)}: it gets worse. To continue from there, start a run with "
        f"training.init_from={facts.history.run} and half the learning rate.",
    )


def _falling(facts: Facts) -> Advice | None:
    if facts.trend.direction != "falling":
        return None
    reached = facts.plateau is not None and facts.plateau.step <= facts.step
    if facts.history.ended and reached:
        return Advice("stop", "near its plateau", f"Done: {_use(facts)}.")
    if facts.history.ended:
        return Advice(
            "continue",
            "still falling at its end",
            "Continue: it was still falling when it ended (wavegan train --resume "
            f"{facts.history.run} training.steps={2 * facts.history.total}).",
        )
    return Advice("continue", "still falling", "Continue.")


def _flat(facts: Facts) -> Advice | None:
    waited = len(facts.values) - 1 - facts.best >= SINCE
    long_ago = waited and facts.steps[facts.best] <= LONG_AGO * facts.step
    # an insignificant rise counts as flat
    level = facts.trend.direction in ("flat", "rising")
    if not level and not long_ago:
        return None
    if _rate_to_fall(facts):
        return Advice(
            "continue",
            "flat, but the rate will still fall",
            "Continue: it no longer falls, but the learning rate will, and that often helps "
            f"(cosine schedule, to step {facts.history.total:,}).",
        )
    why = "it no longer falls" if level else "its best was long ago"
    if facts.history.ended:
        return Advice("stop", why, f"Done: {_use(facts)}; more steps would gain little.")
    if facts.step < YOUNG * facts.history.total:
        return Advice(
            "wait",
            "flat, but young",
            "Wait: it does not fall, but the run has hardly begun; listen to its samples.",
        )
    listen = (
        " Listen to its samples first: D may still improve what this figure does not measure."
        if facts.history.recipe.get("discriminators")
        else ""
    )
    return Advice("stop", why, f"Stop: {why}; {_use(facts)}.{listen}")


def _unclear(facts: Facts) -> Advice:
    if facts.history.ended:
        return Advice("stop", "it has ended", f"It has ended: {_use(facts)}.")
    return Advice("continue", "no clear trend", "Continue: there is no reason to stop.")


def _rate_to_fall(facts: Facts) -> bool:
    name = facts.history.recipe.get("training", {}).get("schedule") or {}
    cosine = isinstance(name, dict) and name.get("name") == "cosine"
    return cosine and facts.step < NEARLY * facts.history.total


def _use(facts: Facts) -> str:
    """Which checkpoint to use; a run's path means its best one."""
    return f"use {facts.history.run} (its best: step {facts.steps[facts.best]:,})"


def _best(facts: Facts) -> str:
    return f"Its best so far is step {facts.steps[facts.best]:,}."
