"""Tables of metrics with their intervals, of evaluations and of a run's validations."""

import bisect
import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from wavegan import bundle, plugins
from wavegan.errors import UserError
from wavegan.progress.history import History
from wavegan.reports import axes
from wavegan.reports.curves import NAMES
from wavegan.reports.html import Markup, details, join, table, tag, void

FLOORS = {
    "reference": "originals against themselves",
    "griffin_lim": "Griffin-Lim of the originals' mels",
    "re_encoded": "originals through a codec",
    "real_halves": "one half of the real clips against the other",
}
WIDTH = 80
MOST_ROWS = 50
FEW = 10


@dataclass(frozen=True)
class _Cell:
    """A mean, its interval (or, of sets, its deviation), and over how much."""

    mean: float
    low: float
    high: float
    n: int
    deviation: float


Rows = Mapping[str, Mapping[str, _Cell]]


def evaluation(content: Mapping[str, Any], title: str) -> Markup:
    """A table of metrics by system and floor, from what `wavegan evaluate --json` wrote.

    Raises:
        UserError: it is no such object.
    """
    systems, floors = _systems(content, title), _floors(content)
    keys = list(dict.fromkeys(key for cells in systems.values() for key in cells))
    if not keys:
        return join(tag("h3", title), tag("p", "No metric is in it."))
    names = [*systems, *(FLOORS.get(name, name) for name in floors)]
    lines: list[list[object]] = []
    for key in keys:
        own = [cells[key] for cells in systems.values() if key in cells]
        made = [
            _shown(cells.get(key), own, _is_best(key, n, systems)) for n, cells in systems.items()
        ]
        cells = [*made, *(_shown(f.get(key), (), False) for f in floors.values())]
        lines.append([_head(key), *map(_titled, names, cells)])
    heads = [*systems, *(tag("span", name, class_="dim") for name in names[len(systems) :])]
    return join(
        tag("h3", title),
        _told(systems),
        table(["", *heads], lines, class_="metrics"),
        _comparisons(content),
        _settings(content),
    )


def _titled(name: str, cell: Markup) -> Markup:
    """A cell with its column's head, which the page shows where columns are laid as lines."""
    return tag("div", tag("div", cell), data_column=name)


def _told(systems: Rows) -> Markup:
    """What the numbers are, and how far they may be trusted."""
    cells = [cell for row in systems.values() for cell in row.values()]
    counts = sorted({cell.n for cell in cells})
    clips = f"{counts[0]}" if len(counts) == 1 else f"{counts[0]} to {counts[-1]}"
    noun = "clip" if clips == "1" else "clips"
    if any(math.isfinite(cell.deviation) for cell in cells):
        return tag("p", f"Figures of whole sets, with their deviation over parts; {clips} {noun}.")
    told = f"Means over {clips} {noun}"
    if counts[-1] > 1:
        told += (
            " with 95% intervals of the mean (bootstrap over clips). Intervals that overlap leave "
            "open which is better."
        )
    else:
        told += "."
    warning = tag("b", " Few clips: read them with care.") if counts[0] < FEW else None
    return tag("p", told, warning)


def validations(histories: Sequence[History], names: Sequence[str]) -> Markup:
    """Every validation of each run, thinned where they are many; the best is marked."""
    parts = []
    for history, name in zip(histories, names, strict=True):
        if not history.validation:
            continue
        lines = history.validation
        best = bundle.best_step(history.run)
        chosen = set(np.unique(np.linspace(0, len(lines) - 1, MOST_ROWS).astype(int)).tolist())
        chosen |= {n for n, line in enumerate(lines) if line["step"] == best}
        others = _measured_anew(history)
        chosen |= others
        keys = list(dict.fromkeys(k for line in lines for k in line if k not in ("kind", "step")))
        rows: list[list[object]] = []
        for n in sorted(chosen):
            line, step = lines[n], int(lines[n]["step"])
            mark = tag("b", " best", class_="about") if step == best else None
            anew = tag("span", " other clips from here on", class_="dim") if n in others else None
            rows.append([join(f"{step:,}", mark, anew), *(_value(line.get(key)) for key in keys)])
        heads: list[object] = ["step", *(NAMES.get(k, (k.replace("_", " "), ""))[0] for k in keys)]
        shown = f"{len(chosen)} of {len(lines)}" if len(chosen) < len(lines) else f"{len(lines)}"
        parts.append(
            details(f"Validations of {name} ({shown})", table(heads, rows, class_="figures"))
        )
    return join(parts)


def _measured_anew(history: History) -> set[int]:
    """The first validations with other clips than the ones before, counted from 0."""
    steps = [line["step"] for line in history.validation]
    firsts = {bisect.bisect_right(steps, step) for step in history.measured_anew}
    return {n for n in firsts if 0 < n < len(steps)}


def left_out(entries: Sequence[tuple[str, str]]) -> Markup | None:
    """Files that are not in the page, and why."""
    if not entries:
        return None
    items = [tag("li", tag("code", name), f": {reason}") for name, reason in entries]
    return details(f"Left out ({len(entries)})", tag("ul", *items), open=len(entries) <= 5)


def _systems(content: Mapping[str, Any], title: str) -> dict[str, dict[str, _Cell]]:
    listed = content.get("systems") or [{"name": "system", "metrics": content.get("metrics")}]
    try:
        return {str(one["name"]): _cells(one["metrics"]) for one in listed}
    except (KeyError, TypeError, ValueError, AttributeError):
        raise UserError(f"{title}: not what wavegan evaluate --json writes") from None


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
    """A metric's class, or None where this installation has none of that name."""
    for kind in ("metrics", "set_metrics"):
        if ":" in key or key in plugins.names(kind):
            try:
                return plugins.find(kind, key)
            except (UserError, ImportError):
                continue
    return None


def _head(key: str) -> Markup:
    """A metric's own heading and unit."""
    metric = _metric(key)
    unit = getattr(metric, "unit", "")
    label = getattr(metric, "label", key.replace("_", " "))
    return join(label, tag("span", f" {unit}", class_="dim") if unit else None)


def _is_best(key: str, name: str, systems: Rows) -> bool:
    known = {n: cells[key].mean for n, cells in systems.items() if key in cells}
    known = {n: mean for n, mean in known.items() if math.isfinite(mean)}
    metric = _metric(key)
    if name not in known or len(set(known.values())) < 2 or metric is None:
        return False
    higher = bool(getattr(metric, "higher_is_better", False))
    return known[name] == (max if higher else min)(known.values())


def _shown(cell: _Cell | None, row: Sequence[_Cell], best: bool) -> Markup:
    """A mean, its interval in numbers, and drawn on the scale of its row."""
    if cell is None or math.isnan(cell.mean):
        return tag("span", "–" if cell is None else "undefined", class_="dim")
    text = axes.number(cell.mean)
    if math.isfinite(cell.deviation):
        text += f" ± {axes.number(cell.deviation)}"
    value = tag("b", text, title="the best mean", class_="first") if best else tag("span", text)
    ends = None
    if math.isfinite(cell.low) and cell.n > 1 and cell.high > cell.low:
        told = f"[{axes.number(cell.low)}, {axes.number(cell.high)}]"
        ends = tag("div", told, class_="dim")
    return join(value, ends, _whisker(cell, row))


def _whisker(cell: _Cell, row: Sequence[_Cell]) -> Markup | None:
    """The interval and the mean on the scale of the row's systems."""
    ends = [e for one in row for e in (one.mean, one.low, one.high) if math.isfinite(e)]
    if not ends or max(ends) <= min(ends):
        return None
    low, high = min(ends), max(ends)
    a, mean, b = (
        4 + (WIDTH - 8) * (end - low) / (high - low) for end in (cell.low, cell.mean, cell.high)
    )
    line = None if math.isnan(a + b) else void("path", d=f"M{a:.1f} 5H{b:.1f}")
    dot = void("circle", cx=f"{mean:.1f}", cy=5, r=2.6)
    box = f"0 0 {WIDTH} 10"
    return tag("svg", line, dot, viewBox=box, class_="whisker", aria_hidden="true")


def _comparisons(content: Mapping[str, Any]) -> Markup:
    """Differences of paired systems, as `wavegan evaluate --against` tests them."""
    parts = []
    for one in content.get("comparisons") or ():
        rows: list[list[object]] = []
        for key, found in one.get("metrics", {}).items():
            low, high = found.get("ci95") or (None, None)
            cells = [_value(found.get("mean_difference")), f"[{_value(low)}, {_value(high)}]"]
            cells += [_value(found.get("p_holm")), str(found.get("verdict", ""))]
            rows.append([_head(str(key)), *cells])
        title = f"{one.get('system')} minus {one.get('against')}, on the same clips"
        heads = ["", "mean difference", "95% interval", "p (Holm)", ""]
        parts.append(details(title, table(list(heads), rows, class_="figures"), open=True))
    return join(*parts)


def _value(value: Any) -> str:
    if value is None:
        return ""
    return axes.number(float(value)) if isinstance(value, int | float) else str(value)


def _settings(content: Mapping[str, Any]) -> Markup | None:
    """What the numbers depend on, and what could not be measured."""
    parts: list[object] = []
    settings = content.get("settings")
    if isinstance(settings, Mapping) and settings:
        rows: list[list[object]] = [[str(key), _flat(value)] for key, value in settings.items()]
        parts.append(
            details("Settings of the metrics", table(["", ""], rows, class_="facts single"))
        )
    entries = [
        (f"{one.get('system', '')}/{one.get('file', '')}", str(one.get("reason", "")))
        for one in content.get("left_out") or ()
        if isinstance(one, Mapping)
    ]
    parts.append(left_out(entries))
    return join(parts)


def _flat(value: Any) -> str:
    if isinstance(value, Mapping):
        return ", ".join(f"{key} {_flat(inner)}" for key, inner in value.items())
    return ", ".join(map(_flat, value)) if isinstance(value, list | tuple) else str(value)
