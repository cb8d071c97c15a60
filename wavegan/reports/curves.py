"""The curves of runs: all logged values in groups, as charts and as tables."""

import json
from collections.abc import Iterator, Mapping, Sequence

import numpy as np
from markupsafe import Markup

from wavegan import bundle
from wavegan.progress import wording
from wavegan.progress.history import History
from wavegan.reports import axes
from wavegan.reports.chart import Chart, Event
from wavegan.reports.page import fill
from wavegan.reports.series import Series, thinned

GROUPS = {
    "metrics": "Metrics of held-out clips",
    "generator": "Losses of the generator",
    "discriminator": "Losses of the discriminator",
    "accuracy": "Accuracy of the discriminator",
    "norm": "Gradient norms",
    "rate": "Learning rate",
    "speed": "Speed and waiting",
    "other": "Other values",
}
NOTES = {
    "metrics": "Measured on held-out clips. They show how good the model is; losses do not.",
    "generator": "Terms before their weights. Adversarial losses of a healthy run level out; they "
    "need not fall.",
    "discriminator": "A total near 0 means that it separates real and generated clips easily, and "
    "the generator learns little from it.",
    "accuracy": "Share of clips classified correctly. 50% is guessing. If it stays at 100%, the "
    "generator has nothing to learn from. Training clips far above held-out ones are memorized.",
    "norm": "Before clipping. Spikes and steady growth precede divergence.",
    "rate": "As used by the optimizer.",
    "speed": "Waiting is the share of time that training waited for the loader: "
    "well under 10% is good.",
    "other": "",
}
NAMES = {
    "log_mel_l1": ("log-mel L1", "nepers ↓"),
    "mrstft": ("MR-STFT", "↓"),
    "frechet": ("Fréchet distance", "↓"),
    "ndb": ("NDB/K", "share of bins ↓"),
    "js": ("Jensen-Shannon divergence", "↓"),
    "diversity": ("diversity", "1: same as real clips"),
    "nearest_neighbour": ("distance to nearest real clip", "1: same as real clips; 0: copies"),
    "label_agreement": ("label agreement", "share ↑"),
    "speed/steps": ("steps", "per second"),
    "speed/audio": ("training audio", "seconds per second"),
    "speed/wait": ("waiting for the loader", "share of time"),
    "rate/generator": ("generator", ""),
    "rate/discriminator": ("discriminator", ""),
    "accuracy_fake": ("generated clips", "share classified as generated"),
    "accuracy_real": ("training clips", "share classified as real"),
    "accuracy_held_out": ("held-out clips", "share classified as real"),
    "discriminator/accuracy_fake": ("generated, in training", "share classified as generated"),
    "discriminator/accuracy_real": ("real, in training", "share classified as real"),
    "discriminator/accuracy_pairs": ("pairs, in training", "share whose real clip scores higher"),
    "discriminator/augment": ("augmentation probability", ""),
}
SHARES = ("label_agreement", "ndb", "discriminator/augment")
BROKEN = "Lines break where the validation clips changed: values before and after do not compare."
ROWS = 40
"""Rows of a table of numbers, thinned from up to thousands."""


def section(histories: Sequence[History], names: Sequence[str]) -> Markup:
    """All charts in groups; none for a run that has logged nothing yet."""
    events = [event for run, history in enumerate(histories) for event in events_of(history, run)]
    groups = []
    for group, keys in _grouped(histories).items():
        charts = {key: _chart(group, key, histories, events) for key in keys}
        broken = any(line.begins for chart in charts.values() for line in chart.series)
        head, rows = _numbers(charts, names)
        groups.append(
            {
                "heading": GROUPS[group],
                "note": " ".join(filter(None, (NOTES[group], BROKEN if broken else ""))),
                "size": min(3, len(keys)),
                "figures": [chart.figure(names) for chart in charts.values()],
                "head": head,
                "rows": rows,
            }
        )
    return fill(
        "curves.html",
        measured=any(history.train or history.validation for history in histories),
        names=names,
        encoded=json.dumps(list(names), ensure_ascii=False),
        kinds={event.kind for event in events},
        groups=groups,
    )


def events_of(history: History, run: int) -> Iterator[Event]:
    """Events to mark: kept checkpoints, the best, alarms, resumes, other validation clips."""
    best = bundle.best_step(history.run)
    for step in bundle.checkpoints(history.run):
        if step != best:
            yield Event("checkpoint", step, run, f"checkpoint of step {step:,}")
    if best is not None:
        yield Event("best", best, run, f"best checkpoint, step {best:,}")
    for alarm in history.alarms:
        yield Event("alarm", alarm.step, run, wording.with_step(alarm))
    for line in history.starts:
        step = int(line["step"])
        if step > 0:
            yield Event("resumed", step, run, f"resumed at step {step:,}")
    for step in history.clip_changes:
        yield Event("other-clips", step, run, f"validation has other clips from step {step:,} on")


def group_of(kind: str, key: str) -> str:
    """The group of a value from a "train" or "validation" line."""
    side, _, term = key.rpartition("/")
    if term == "grad_norm":
        return "norm"
    if term.startswith("accuracy_") or key in ("discriminator/augment", "discriminator/sign"):
        return "accuracy"
    if kind == "validation":
        return "metrics"
    first = side.split("/")[0]
    return first if first in GROUPS else "other"


def _grouped(histories: Sequence[History]) -> dict[str, list[tuple[str, str]]]:
    """Kind and key of all values by group, in the order in which they were logged."""
    found: dict[str, dict[tuple[str, str], None]] = {group: {} for group in GROUPS}
    for history in histories:
        for kind in ("validation", "train"):
            for line in getattr(history, kind):
                for key, value in line.items():
                    if key not in ("kind", "step") and _is_number(value):
                        found[group_of(kind, key)][kind, key] = None
    return {group: sorted(keys, key=_order) for group, keys in found.items() if keys}


def _order(entry: tuple[str, str]) -> tuple[bool, bool]:
    """Sort key: totals first, the generator before the discriminator."""
    kind, key = entry
    return not key.endswith("/total"), key.startswith("discriminator/") and kind == "train"


def _is_number(value: object) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool)


def _chart(
    group: str, entry: tuple[str, str], histories: Sequence[History], events: Sequence[Event]
) -> Chart:
    kind, key = entry
    series = [
        thinned(
            run,
            *history.series(kind, key),
            breaks=history.clip_changes if kind == "validation" else (),
        )
        for run, history in enumerate(histories)
        if any(key in line for line in getattr(history, kind))
    ]
    title, unit = NAMES.get(key, (_readable(key, group), ""))
    ends = _ends(key, group, series)
    middle = 0.5 if group == "accuracy" and ends and "augment" not in key else None
    marked = [event for event in events if kind == "validation" or event.kind != "other-clips"]
    return Chart(title, unit, series, marked, ends, middle)


def _ends(key: str, group: str, series: Sequence[Series]) -> tuple[float, float] | None:
    """The axis range of a share; for waiting, up to its maximum; otherwise None."""
    if key == "speed/wait":
        known = [float(line.finite.max()) for line in series if len(line.finite)]
        return 0.0, max([0.1, *known])
    share = key in SHARES or (group == "accuracy" and "sign" not in key)
    return (0.0, 1.0) if share else None


def _readable(key: str, group: str) -> str:
    """Turn `generator/feature_matching` into "feature matching"; keep the side only if needed."""
    side, _, term = key.partition("/")
    text = (side if term == "grad_norm" else term or side).replace("_", " ")
    return f"{side} {text}" if group == "other" and term else text


def _numbers(
    charts: Mapping[tuple[str, str], Chart], names: Sequence[str]
) -> tuple[list[str], list[list[str]]]:
    """Head and rows of a table of the group's values, thinned to `ROWS`."""
    columns: list[tuple[str, Series]] = []
    for chart in charts.values():
        for line in chart.series:
            name = f"{chart.title}, {names[line.run]}" if len(names) > 1 else chart.title
            columns.append((name, line))
    known = sorted({float(step) for _, line in columns for step in line.steps})
    chosen = [known[n] for n in np.unique(np.linspace(0, len(known) - 1, ROWS).astype(int))]
    rows: list[list[str]] = []
    near = (known[-1] - known[0]) / ROWS / 2
    for step in chosen:
        rows.append([f"{step:,.0f}", *(_value_at(line, step, near) for _, line in columns)])
    return ["step", *(name for name, _ in columns)], rows


def _value_at(line: Series, step: float, near: float) -> str:
    """The (binned) value nearest to a step, or "" if none is within `near` steps."""
    place = int(np.argmin(np.abs(line.steps - step)))
    far = abs(line.steps[place] - step) > near
    return "" if far else axes.number(float(line.values[place]))
