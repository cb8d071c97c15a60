"""Tables of metrics with intervals, for evaluations and for the validations of runs."""

import bisect
import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from markupsafe import Markup

from wavegan import bundle, plugins
from wavegan.errors import UserError
from wavegan.progress.history import History
from wavegan.reports import axes
from wavegan.reports.curves import NAMES
from wavegan.reports.page import fill

FLOORS = {
    "reference": "originals against themselves",
    "griffin_lim": "Griffin-Lim of the originals' mels",
    "re_encoded": "originals through a codec",
    "real_halves": "one half of the real clips against the other",
    "held_out": "held-out real clips",
}
WIDTH = 80
MOST_ROWS = 50
FEW = 10


@dataclass(frozen=True)
class _Cell:
    """A mean, its interval (for sets: its deviation), and the number of clips."""

    mean: float
    low: float
    high: float
    n: int
    deviation: float


Rows = Mapping[str, Mapping[str, _Cell]]


def evaluation(content: Mapping[str, Any], title: str) -> Markup:
    """A table of metrics by system and floor, from the output of `wavegan evaluate --json`.

    Raises:
        UserError: it is not such an object.
    """
    systems, floors = _systems(content, title), _floors(content)
    names = [FLOORS.get(name, name) for name in floors]
    lines = []
    for key in dict.fromkeys(key for cells in systems.values() for key in cells):
        own = [cells[key] for cells in systems.values() if key in cells]
        cells = [
            (name, _shown(row.get(key), own, _is_best(key, name, systems)))
            for name, row in systems.items()
        ]
        cells += [
            (name, _shown(row.get(key), (), False))
            for name, row in zip(names, floors.values(), strict=True)
        ]
        lines.append({"head": _head(key), "cells": cells})
    return fill(
        "evaluation.html",
        title=title,
        systems=list(systems),
        floors=names,
        lines=lines,
        width=WIDTH,
        comparisons=[_comparison(one) for one in content.get("comparisons") or ()],
        settings=_settings(content),
        left_out=_left_out(content),
        **_summary(systems),
    )


def _summary(systems: Rows) -> dict[str, object]:
    """The number of clips, and what kind of figures the table has."""
    cells = [cell for row in systems.values() for cell in row.values()]
    counts = sorted({cell.n for cell in cells}) or [0]
    return {
        "clips": f"{counts[0]}" if len(counts) == 1 else f"{counts[0]} to {counts[-1]}",
        "deviations": any(math.isfinite(cell.deviation) for cell in cells),
        "intervals": counts[-1] > 1,
        "few": counts[0] < FEW,
    }


def validations(histories: Sequence[History], names: Sequence[str]) -> Markup | None:
    """The validations of each run, thinned if there are many, with the best one marked."""
    runs = []
    for history, name in zip(histories, names, strict=True):
        lines = history.validation
        if not lines:
            continue
        best = bundle.best_step(history.run)
        chosen = set(np.unique(np.linspace(0, len(lines) - 1, MOST_ROWS).astype(int)).tolist())
        chosen |= {n for n, line in enumerate(lines) if line["step"] == best}
        others = _other_clips(history)
        chosen |= others
        keys = list(dict.fromkeys(k for line in lines for k in line if k not in ("kind", "step")))
        shown = [
            {
                "step": f"{int(lines[n]['step']):,}",
                "best": int(lines[n]["step"]) == best,
                "other_clips": n in others,
                "cells": [_value(lines[n].get(key)) for key in keys],
            }
            for n in sorted(chosen)
        ]
        runs.append(
            {
                "name": name,
                "shown": f"{len(shown)} of {len(lines)}" if len(shown) < len(lines) else len(lines),
                "head": ["step", *(NAMES.get(k, (k.replace("_", " "), ""))[0] for k in keys)],
                "lines": shown,
            }
        )
    return fill("validations.html", runs=runs) if runs else None


def _other_clips(history: History) -> set[int]:
    """Indices of validations whose clips differ from those of the validation before."""
    steps = [line["step"] for line in history.validation]
    firsts = {bisect.bisect_right(steps, step) for step in history.clip_changes}
    return {n for n in firsts if 0 < n < len(steps)}


def _systems(content: Mapping[str, Any], title: str) -> dict[str, dict[str, _Cell]]:
    listed = content.get("systems") or [{"name": "system", "metrics": content.get("metrics")}]
    try:
        return {str(one["name"]): _cells(one["metrics"]) for one in listed}
    except (KeyError, TypeError, ValueError, AttributeError):
        raise UserError(f"{title}: not an output of wavegan evaluate --json") from None


def _floors(content: Mapping[str, Any]) -> dict[str, dict[str, _Cell]]:
    floors = content.get("floors")
    if not isinstance(floors, Mapping):
        return {}
    known = {name: one.get("metrics") for name, one in floors.items() if isinstance(one, Mapping)}
    cells = {str(name): _cells(metrics) for name, metrics in known.items() if metrics}
    return {name: row for name, row in cells.items() if any(cell.n for cell in row.values())}


def _cells(metrics: Mapping[str, Any]) -> dict[str, _Cell]:
    cells = {}
    for key, one in metrics.items():
        low, high = one.get("ci95") or (None, None)
        values = (one["mean"], low, high, one.get("deviation"))
        mean, low, high, deviation = (math.nan if v is None else float(v) for v in values)
        cells[str(key)] = _Cell(mean, low, high, int(one.get("n") or 0), deviation)
    return cells


def _metric(key: str) -> Any:
    """A metric's class, or None if this installation has none with that name."""
    for kind in ("metrics", "set_metrics"):
        if ":" in key or key in plugins.names(kind):
            try:
                return plugins.find(kind, key)
            except (UserError, ImportError):
                continue
    return None


def _head(key: str) -> dict[str, object]:
    """A metric's heading and unit."""
    metric = _metric(key)
    label = getattr(metric, "label", key.replace("_", " "))
    return {"label": label, "unit": getattr(metric, "unit", "")}


def _is_best(key: str, name: str, systems: Rows) -> bool:
    known = {n: cells[key].mean for n, cells in systems.items() if key in cells}
    known = {n: mean for n, mean in known.items() if math.isfinite(mean)}
    metric = _metric(key)
    if name not in known or len(set(known.values())) < 2 or metric is None:
        return False
    higher = bool(getattr(metric, "higher_is_better", False))
    return known[name] == (max if higher else min)(known.values())


def _shown(cell: _Cell | None, row: Sequence[_Cell], best: bool) -> dict[str, object]:
    """A mean for the template, with its interval drawn on the scale of the row."""
    empty = {"best": False, "interval": None, "line": None, "dot": None}
    if cell is None or math.isnan(cell.mean):
        return empty | {"text": "–" if cell is None else "undefined", "missing": True}
    text = axes.number(cell.mean)
    if math.isfinite(cell.deviation):
        text += f" ± {axes.number(cell.deviation)}"
    interval = None
    if math.isfinite(cell.low) and cell.n > 1 and cell.high > cell.low:
        interval = f"[{axes.number(cell.low)}, {axes.number(cell.high)}]"
    shown = {"text": text, "missing": False, "best": best, "interval": interval}
    return empty | shown | _whisker(cell, row)


def _whisker(cell: _Cell, row: Sequence[_Cell]) -> dict[str, str]:
    """Positions of the interval and the mean on the scale of the row's systems."""
    ends = [e for one in row for e in (one.mean, one.low, one.high) if math.isfinite(e)]
    if not ends or max(ends) <= min(ends):
        return {}
    low, high = min(ends), max(ends)
    a, mean, b = (
        4 + (WIDTH - 8) * (end - low) / (high - low) for end in (cell.low, cell.mean, cell.high)
    )
    line = {} if math.isnan(a + b) else {"line": f"M{a:.1f} 5H{b:.1f}"}
    return line | {"dot": f"{mean:.1f}"}


def _comparison(one: Mapping[str, Any]) -> dict[str, object]:
    """Differences of paired systems from `wavegan evaluate --against`."""
    rows = []
    for key, found in one.get("metrics", {}).items():
        low, high = found.get("ci95") or (None, None)
        cells = [_value(found.get("mean_difference")), f"[{_value(low)}, {_value(high)}]"]
        cells += [_value(found.get("p_holm")), str(found.get("verdict", ""))]
        rows.append((_head(str(key)), cells))
    title = f"{one.get('system')} minus {one.get('against')}, on the same clips"
    return {"title": title, "rows": rows}


def _value(value: Any) -> str:
    if value is None:
        return ""
    return axes.number(float(value)) if isinstance(value, int | float) else str(value)


def _settings(content: Mapping[str, Any]) -> list[list[str]]:
    settings = content.get("settings")
    if not isinstance(settings, Mapping):
        return []
    return [[str(key), _flat(value)] for key, value in settings.items()]


def _left_out(content: Mapping[str, Any]) -> list[tuple[str, str]]:
    return [
        (f"{one.get('system', '')}/{one.get('file', '')}", str(one.get("reason", "")))
        for one in content.get("left_out") or ()
        if isinstance(one, Mapping)
    ]


def _flat(value: Any) -> str:
    if isinstance(value, Mapping):
        return ", ".join(f"{key} {_flat(inner)}" for key, inner in value.items())
    return ", ".join(map(_flat, value)) if isinstance(value, list | tuple) else str(value)
