"""The verdict of a run: one paragraph about how good it is and what to do.

It depends only on the files of the run, so it is the same during training, afterwards, and in a
copied folder.
"""

import math
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, replace
from typing import Any

import numpy as np

from wavegan.progress import health, networks, wording
from wavegan.progress.advice import Advice, Facts, advise, rising, validation_alarms
from wavegan.progress.alarm import LETTERS, Action, Alarm
from wavegan.progress.history import History
from wavegan.progress.pace import format_duration, seconds_to
from wavegan.progress.plateau import plateau
from wavegan.progress.skipped_steps import SkippedSteps
from wavegan.progress.thresholds import SURER
from wavegan.progress.trend import FEWEST, UNKNOWN, Direction, Trend, trend, window
from wavegan.progress.typical import Typical, curve, started_from_a_model, typical

NAMES = {"log_mel_l1": "log-mel L1", "frechet": "Fréchet distance"}
"""The figures that compare checkpoints (lower is better), and their names in messages."""


@dataclass(frozen=True)
class RunVerdict:
    """The verdict of a run.

    Attributes:
        text: one paragraph.
        action: what to do.
        reason: why, in a few words.
        step, total: current and last step.
        metric: key of the figure that compares checkpoints; None if none was measured.
        value: its value at the last validation; NaN if not measured.
        best_step, best_value: the lowest so far.
        trend: direction over the last doubling of steps.
        confidence: confidence of the trend, 0 to 1; NaN if too early to tell.
        typical: value of the stored curve of this recipe at this step; None if there is none.
        typical_of: name of that recipe.
        health: `healthy` or the problem, by network (G, D).
        plateau_step: predicted step of the plateau; None if it cannot be predicted.
        plateau_range: range of that step, with a probability of nine in ten.
        seconds_left: seconds of training until then; None if unknown or past.
        remarks: other things to attend to.
        skipped: number of steps skipped as not finite.
        returns: number of returns to a checkpoint.
    """

    text: str
    action: Action
    reason: str
    step: int
    total: int
    metric: str | None
    value: float
    best_step: int | None
    best_value: float
    trend: Direction
    confidence: float
    typical: float | None
    typical_of: str | None
    health: Mapping[str, str]
    plateau_step: int | None
    plateau_range: tuple[int, int] | None
    seconds_left: float | None
    remarks: tuple[str, ...]
    skipped: int = 0
    returns: int = 0

    def to_dict(self) -> dict[str, Any]:
        """For JSON; null for numbers that are not finite."""
        return {
            key: None if isinstance(value, float) and not math.isfinite(value) else value
            for key, value in asdict(self).items()
        }


def run_verdict(history: History) -> RunVerdict:
    """The verdict of a run; missing data never raises."""
    metric = _metric(history)
    steps, values = _known(history, metric)
    too_early = history.step < history.early
    current = UNKNOWN if too_early else _trend(steps, values)
    # with too few validations, a strong D is no problem yet
    improving = current.direction == "falling" or len(values) < FEWEST
    wrong = (
        *health.problems(history, improving),
        *validation_alarms(history, current.direction == "falling"),
    )
    levels = plateau(steps, values) if current.direction == "falling" else None
    facts = Facts(history, steps, values, current, levels, wrong)
    advice = advise(facts)
    waiting = health.loader_waits(history)
    waits = "" if waiting is None else wording.line(waiting)
    left_out = SkippedSteps.of(history)
    at = typical(history, metric, steps[-1]) if metric and steps else None
    ahead = levels is not None and history.step < levels.step < history.total
    return RunVerdict(
        text=_paragraph(facts, metric, at, advice, waits),
        action=advice.action,
        reason=advice.reason,
        step=history.step,
        total=history.total,
        metric=metric,
        value=values[-1] if values else math.nan,
        best_step=steps[facts.best] if values else None,
        best_value=values[facts.best] if values else math.nan,
        trend=current.direction,
        confidence=current.confidence,
        typical=at.value if at else None,
        typical_of=at.recipe if at else None,
        health=_health(history, wrong),
        plateau_step=levels.step if levels else None,
        plateau_range=(levels.low, levels.high) if levels else None,
        seconds_left=seconds_to(history, levels.step) if levels and ahead else None,
        remarks=tuple(text for text in (waits, left_out.sentence) if text),
        skipped=left_out.steps,
        returns=left_out.returns,
    )


def _metric(history: History) -> str | None:
    """The figure that compares checkpoints, or else the first one measured."""
    measured = [key for line in history.measured for key in line if key not in ("kind", "step")]
    return next((name for name in NAMES if name in measured), measured[0] if measured else None)


def _known(history: History, metric: str | None) -> tuple[list[int], list[float]]:
    """Steps and finite values of a figure."""
    steps, values = history.series("measured", metric) if metric else ([], [])
    kept = [(s, v) for s, v in zip(steps, values, strict=True) if math.isfinite(v)]
    return [s for s, _ in kept], [v for _, v in kept]


def _trend(steps: Sequence[int], values: Sequence[float]) -> Trend:
    """The trend over the last doubling, or the rise since the best if that is more certain."""
    if not steps:
        return UNKNOWN
    first = window(steps)
    found = trend(steps[first:], values[first:])
    sure = rising(values)
    if found.direction in ("unknown", "flat") and sure >= SURER:
        best = values.index(min(values))
        change = (float(np.median(values[-3:])) - values[best]) / max(abs(values[best]), 1e-300)
        found = replace(found, first=steps[best], change=change, count=len(values) - best)
        return replace(found, direction="rising", confidence=sure)
    return found


def _health(history: History, wrong: Sequence[Alarm]) -> dict[str, str]:
    state = networks.states(history)
    for alarm in reversed(wrong):
        if alarm.network:
            state[alarm.network] = str(alarm.name)
    return {LETTERS[network]: how for network, how in state.items()}


def _paragraph(
    facts: Facts, metric: str | None, at: Typical | None, advice: Advice, waits: str
) -> str:
    sentences = [
        _figure(facts, metric),
        _network_states(facts),
        SkippedSteps.of(facts.history).sentence,
        _typical(facts.history, metric, at),
        advice.text,
        _plateau(facts),
        waits,
    ]
    return " ".join(sentence for sentence in sentences if sentence)


def _figure(facts: Facts, metric: str | None) -> str:
    history = facts.history
    if history.unmeasured and metric is None:
        return f"Step {history.step:,} of {history.total:,}: no validation, as nothing is held out."
    if metric is None or not facts.values:
        nothing = "no validation yet" if metric is None else f"no finite {_name(metric)} yet"
        return f"Step {history.step:,} of {history.total:,}: {nothing}."
    best, now = facts.values[facts.best], facts.values[-1]
    lowest = (
        ("its best" if len(facts.values) > 1 else "its first")
        if facts.best == len(facts.values) - 1
        else f"best {_shown(best)} at step {facts.steps[facts.best]:,}"
    )
    return (
        f"Step {facts.step:,} of {history.total:,}: validation {_name(metric)} {_shown(now)} "
        f"({lowest}), {_trend_clause(facts)}."
    )


def _trend_clause(facts: Facts) -> str:
    current, made = facts.trend, len(facts.values)
    if made < FEWEST:
        return f"too early to tell a trend ({made} of {FEWEST} required validations)"
    if facts.too_early:
        return f"too early to tell a trend ({facts.history.early:,} steps are required)"
    sure = ">99 %" if current.confidence > 0.99 else f"{current.confidence * 100:.0f} %"
    if current.direction == "unknown":
        return "no clear trend"
    if current.direction == "flat":
        return f"flat ({sure} sure that it changes by less than {current.margin * 100:.0f} %)"
    much = "" if abs(current.change) < 0.005 else f" by {abs(current.change):.0%}"
    return f"{current.direction} since step {current.first:,}{much} ({sure} sure)"


def _network_states(facts: Facts) -> str:
    if facts.problems:
        return " ".join(dict.fromkeys(map(wording.sentence, facts.problems)))
    return networks.sentence(facts.history)


def _typical(history: History, metric: str | None, at: Typical | None) -> str:
    if metric is None:
        return ""
    if started_from_a_model(history):
        return "It started from a model's weights, so no stored curve applies."
    if at is None:
        known = curve(history, metric)
        if known is None:
            return "No stored curve for this recipe."
        return f"The stored curve of {known['recipe']} begins at step {known['points'][0][0]:,}."
    ended = at.steps <= at.at
    where = f"at its end (step {at.at:,})" if ended else "at this step"
    run = "one run" if at.steps == history.total else f"one run of {at.steps:,} steps"
    which = "on the same files" if at.same_data else f"on {at.data}: with other data only a hint"
    return f"Typical of {at.recipe} {where}: {_shown(at.value)} ({run} {which})."


def _plateau(facts: Facts) -> str:
    if facts.trend.direction != "falling":
        return ""
    history, found = facts.history, facts.plateau
    if found is None:
        return "" if history.ended else "It is too early to predict its plateau."
    if found.step <= facts.step:
        return "It is near its plateau: twice as many steps would gain less than 2 %."
    near, low, high = (float(f"{step:.2g}") for step in (found.step, found.low, found.high))
    span = f"near step {near:,.0f} ({low:,.0f} to {high:,.0f})"
    if history.ended:
        return f"It would level out {span}."
    if found.step >= history.total:
        return f"It levels out {span}, after the run's end."
    left = seconds_to(history, found.step)
    when = "" if left is None else f", in about {format_duration(left)}"
    return f"Plateau {span}{when}."


def _name(metric: str) -> str:
    return NAMES.get(metric, metric.replace("_", " "))


def _shown(value: float) -> str:
    """A value with three digits."""
    return f"{value:#.3g}".rstrip(".")
