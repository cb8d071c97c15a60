"""Tables of recipes, data, machines and versions, with a column for each run."""

from collections.abc import Callable, Mapping, Sequence
from typing import Any

import torch
import yaml
from markupsafe import Markup

import wavegan
from wavegan import bundle
from wavegan.errors import UserError
from wavegan.machine import machine, versions
from wavegan.progress.history import History
from wavegan.recipe import Recipe
from wavegan.reports import axes
from wavegan.reports.page import fill

UNWRITTEN = "not logged by this run"
Fact = str | tuple[tuple[str, str], ...]
"""Text, or (kind, text) parts that templates/facts.html lays out."""


def section(histories: Sequence[History], names: Sequence[str]) -> Markup:
    """The table of recipes and data, and the full recipes."""
    columns = [_facts(history) for history in histories]
    recipes = [
        (name, yaml.safe_dump(dict(history.recipe), sort_keys=False, allow_unicode=True))
        for history, name in zip(histories, names, strict=True)
    ]
    return fill("what.html", table=_table(columns, names), recipes=recipes)


def machines(histories: Sequence[History], names: Sequence[str]) -> Markup:
    """The machines of the runs, and the machine that made this page."""
    columns = [_place(history.starts[-1] if history.starts else {}) for history in histories]
    known = [column or {"machine": UNWRITTEN} for column in columns]
    here = _place({"machine": machine(), "versions": versions()})
    return fill(
        "machines.html",
        there=_table(known, names) if any(columns) else None,
        runs=len(histories),
        here=_table([here], ["here"]),
    )


def _facts(history: History) -> dict[str, Fact]:
    facts = {name: make(history) for name, make in FACTS.items()}
    return {name: fact for name, fact in facts.items() if fact}


def _get(history: History, path: str) -> Any:
    """A field of the recipe by its dotted path; None if an older recipe lacks it."""
    value: Any = history.recipe
    for key in path.split("."):
        value = value.get(key) if isinstance(value, Mapping) else None
    return value


def _plugin(value: object) -> str:
    """A plug-in's name and options in short."""
    if not isinstance(value, Mapping):
        return "" if value is None else str(value)
    return ", ".join((str(value.get("name", "?")), *_options(value)))


def _options(value: Mapping[str, Any]) -> list[str]:
    return [f"{key} {_short(v)}" for key, v in value.items() if key not in ("name", "weight")]


def _short(value: object) -> str:
    """An option's value, cut if it is long."""
    text = str(value)
    return text if len(text) <= 60 else f"{text[:57]}…"


def _terms(value: object) -> Fact:
    """Weighted terms, one per line."""
    if not isinstance(value, Mapping) or not value:
        return "none"
    lines = []
    for name, term in value.items():
        known = term if isinstance(term, Mapping) else {}
        kind = known.get("name", name)
        weight = known.get("weight", 1)
        called = name if kind == name else f"{name} ({kind})"
        lines.append(("line", f"{called} × {_short(weight)}"))
    return tuple(lines)


def _generator(history: History) -> Fact:
    known = _get(history, "generator")
    name = known.get("name", "?") if isinstance(known, Mapping) else "?"
    options = _options(known) if isinstance(known, Mapping) else []
    return ("name", str(name)), ("aside", ", ".join(options))


def _parameters(history: History) -> str:
    start = history.starts[-1] if history.starts else {}
    counts = start.get("parameters")
    if isinstance(counts, Mapping):
        return ", ".join(f"{name} {_count(value)}" for name, value in counts.items())
    try:
        recipe = Recipe.model_validate(history.recipe)
        with torch.device("meta"):
            generator = bundle.build(bundle.describe(recipe))
    except (UserError, ValueError, TypeError, RuntimeError, NotImplementedError):
        return "unknown: this version of wavegan cannot build the generator"
    return f"generator {_count(sum(p.numel() for p in generator.parameters()))}"


def _count(value: object) -> str:
    if not isinstance(value, int | float):
        return str(value)
    return f"{value / 1e6:.3g} M" if value >= 1e6 else f"{value:,.0f}"


def _data(history: History) -> Fact:
    start = history.starts[-1] if history.starts else {}
    data = start.get("data")
    folder = str(_get(history, "data.folder") or "?")
    if not isinstance(data, Mapping):
        return ("path", folder), ("aside", f"clips and hours: {UNWRITTEN}")
    seconds = float(data.get("seconds", 0))
    amount = f"{seconds / 3600:.2f} h" if seconds >= 360 else f"{seconds:.0f} s"
    text = f"{data.get('clips', '?')} clips, {amount}; {data.get('held_out', '?')} held out"
    known = data.get("fingerprint")
    mark = (("fingerprint", str(known)[:16]),) if known else ()
    return ("path", folder), ("line", text), *mark


def _labels(history: History) -> str:
    labels = _get(history, "data.labels")
    return ", ".join(map(str, labels)) if isinstance(labels, list) else ""


def _mel(history: History) -> str:
    mel = _get(history, "mel")
    if not isinstance(mel, Mapping):
        return str(mel or "")
    return ", ".join(f"{key} {value}" for key, value in mel.items())


def _rate(history: History) -> int | None:
    try:
        return Recipe.model_validate(history.recipe).sample_rate()
    except (UserError, ValueError):
        return None


def _segment(history: History) -> str:
    segment, rate = _get(history, "data.segment"), _rate(history)
    if not isinstance(segment, int) or not rate:
        return str(segment or "?")
    return f"{segment:,} samples ({segment / rate:.2f} s at {rate:,} Hz)"


def _steps(history: History) -> str:
    planned = _get(history, "training.steps")
    best = bundle.best_step(history.run)
    text = f"{history.step:,}"
    text += f" of {planned:,}" if isinstance(planned, int) else ""
    return text + (f"; best checkpoint at {best:,}" if best is not None else "")


def _time(history: History) -> str:
    """Time in training steps, without validation: the sum of steps / speed over log windows."""
    steps, speeds = history.series("train", "speed/steps")
    before, seconds = 0, 0.0
    for step, speed in zip(steps, speeds, strict=True):
        seconds += (step - before) / speed if speed > 0 and step > before else 0.0
        before = step
    if not seconds:
        return ""
    return f"{seconds / 3600:.1f} h" if seconds >= 5400 else f"{seconds / 60:.0f} min"


def _optimizer(history: History) -> str:
    rate = _get(history, "training.optimizer.lr")
    other = _get(history, "training.optimizer.discriminator_lr")
    schedule = _get(history, "training.schedule.name")
    text = f"learning rate {rate}" + (f", discriminator {other}" if other else "")
    return text + (f"; {schedule} schedule" if schedule else "")


FACTS: Mapping[str, Callable[[History], Fact]] = {
    "recipe": lambda h: str(_get(h, "description") or "without a description"),
    "task": lambda h: _plugin(_get(h, "task")),
    "generator": _generator,
    "parameters": _parameters,
    "discriminators": lambda h: _terms(_get(h, "discriminators")),
    "objective": lambda h: _plugin(_get(h, "objective")),
    "penalties": lambda h: _terms(_get(h, "penalties")),
    "losses": lambda h: _terms(_get(h, "losses")),
    "feature matching": lambda h: (
        f"× {_get(h, 'feature_matching.weight')}" if _get(h, "feature_matching") else ""
    ),
    "data": _data,
    "labels": _labels,
    "mel": _mel,
    "segment": _segment,
    "batch": lambda h: str(_get(h, "training.batch_size") or "?"),
    "steps": _steps,
    "time in steps": _time,
    "optimizer": _optimizer,
    "averaged weights": lambda h: str(_get(h, "training.ema") or "no"),
    "started from": lambda h: str(_get(h, "training.init_from") or ""),
    "seed": lambda h: str(_get(h, "training.seed")),
}


def _place(start: Mapping[str, Any]) -> dict[str, Fact]:
    """Machine and versions of a start line, as one flat table."""
    found: dict[str, Fact] = {}
    for key in ("time", "device", "processes", "precision"):
        value = start.get(key)
        if isinstance(value, str | int):  # null is read as NaN
            found[key] = str(value)
    for group in ("machine", "versions"):
        known = start.get(group)
        if isinstance(known, Mapping):
            found |= {str(key): _listed(value) for key, value in known.items()}
    return {key.replace("_gib", " (GiB)"): value for key, value in found.items()}


def _listed(value: object) -> str:
    if isinstance(value, list):
        return ", ".join(map(str, value))
    return axes.number(value) if isinstance(value, float) else str(value)


def _table(columns: Sequence[Mapping[str, Fact]], names: Sequence[str]) -> dict[str, object]:
    """Rows of facts, marked where runs differ."""
    rows = []
    for key in dict.fromkeys(key for column in columns for key in column):
        cells = [column.get(key, "–") for column in columns]
        rows.append({"key": key, "cells": cells, "differ": len(set(cells)) > 1})
    return {"names": names, "rows": rows}


def made_by() -> str:
    """Name and version of the program that wrote the page."""
    return f"wavegan {wavegan.__version__}"
