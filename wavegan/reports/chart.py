"""A small chart of a value over steps, as inline SVG with data for the page's JavaScript."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import cached_property

import numpy as np
from markupsafe import Markup
from numpy.typing import NDArray

from wavegan.reports import axes
from wavegan.reports.page import fill
from wavegan.reports.series import Series

WIDTH, HEIGHT = 360, 190
LEFT, RIGHT, TOP, BOTTOM = 50, 8, 12, 30
FRAME = {
    "width": WIDTH,
    "height": HEIGHT,
    "left": LEFT,
    "right": WIDTH - RIGHT,
    "middle": LEFT + (WIDTH - LEFT - RIGHT) / 2,
    "foot": HEIGHT - BOTTOM,
}
"""Layout for the template."""
LETTER = 6.5
"""Maximum width of a letter in a label."""
DOTS = 24
"""A line of up to this many points also gets dots."""


@dataclass(frozen=True)
class Event:
    """An event to mark at a step.

    Attributes:
        kind: "checkpoint", "best", "alarm", "resumed" or "other-clips" (validation clips changed).
        step: when it happened.
        run: index of the run, from 0.
        text: description.
    """

    kind: str
    step: int
    run: int
    text: str


@dataclass(frozen=True)
class Chart:
    """A chart of one value, for one run or several.

    Attributes:
        title: name of the value.
        unit: "" for a pure number.
        series: one for each run.
        events: marks on the chart.
        ends: fixed axis range, if the range of the value is known.
        middle: value of a horizontal reference line.
    """

    title: str
    unit: str
    series: Sequence[Series]
    events: Sequence[Event] = ()
    ends: tuple[float, float] | None = None
    middle: float | None = None

    def figure(self, names: Sequence[str]) -> Markup:
        """The chart as HTML; `names` are the names of the runs."""
        facts = filter(None, (self.unit, "log scale" if self._scale.log else ""))
        return fill(
            "chart.html",
            chart=self,
            facts=", ".join(facts),
            latest=self._latest(names),
            encoded=self._encoded(),
            frame=FRAME,
            axis_labels=[self._axis_label(mark) for mark in self._scale.marks],
            middle=None if self.middle is None else self._down(self.middle),
            step_labels=list(self._step_labels()),
            marks=[self._mark(event) for event in self.events if event.step <= self._last_step],
            lines=[self._line(line) for line in self.series],
        )

    @cached_property
    def _scale(self) -> axes.Scale:
        known = np.concatenate([line.finite for line in self.series])
        return axes.scale(known, self.ends) if len(known) else axes.scale(np.zeros(1), (0, 1))

    @cached_property
    def _last_step(self) -> float:
        return max([1.0, *(float(line.steps[-1]) for line in self.series if len(line.steps))])

    def _latest(self, names: Sequence[str]) -> str:
        lines = [line for line in self.series if len(line.steps)]
        if len(lines) == 1:
            return f"last {axes.number(lines[0].last)}"
        return " · ".join(f"{names[line.run]} {axes.number(line.last)}" for line in lines)

    def _encoded(self) -> str:
        """The data for the script: for each line its run, steps, positions and values."""
        scale = self._scale
        lines = []
        for line in self.series:
            shown = line.values if line.smooth is None else line.smooth
            across = _text(_x(line.steps / self._last_step))
            down = _text(_y(scale.place(shown)))
            values = ",".join(axes.number(value).replace(",", "") for value in line.values)
            steps = ",".join(f"{step:.0f}" for step in line.steps)
            lines.append("|".join((str(line.run), steps, across, down, values)))
        return ";".join(lines)

    def _down(self, value: float) -> str:
        return f"{float(_y(self._scale.place(value))):.1f}"

    def _across(self, step: float) -> float:
        return float(_x(np.asarray(step / self._last_step)))

    def _axis_label(self, mark: float) -> dict[str, object]:
        """A label left of the axis, next to its grid line."""
        text, y = axes.short(mark), float(_y(self._scale.place(mark)))
        long = len(text) * LETTER > LEFT - 6
        return {"text": text, "place": f"{y:.1f}", "foot": f"{y + 3.5:.1f}", "long": long}

    def _step_labels(self) -> Iterator[dict[str, object]]:
        """Labels of steps; one that would stick out is aligned with the right edge."""
        for mark in axes.scale(np.asarray([0.0, self._last_step])).marks:
            if mark > self._last_step * 1.001 or mark % 1:
                continue
            text, x = axes.short(mark), self._across(mark)
            if x + len(text) * LETTER / 2 > WIDTH - 2:
                yield {"text": text, "place": WIDTH - 2, "anchor": "end"}
            else:
                yield {"text": text, "place": f"{x:.1f}", "anchor": "middle"}

    def _mark(self, event: Event) -> dict[str, object]:
        x, foot = self._across(event.step), HEIGHT - BOTTOM
        shape = {
            "checkpoint": f"M{x:.1f} {foot}v-5",
            "best": f"M{x:.1f} {TOP}V{foot}M{x - 4:.1f} {foot}h8l-4 -7z",
            "alarm": f"M{x:.1f} {TOP}V{foot}M{x - 4:.1f} {TOP - 8}h8l-4 8z",
            "resumed": f"M{x:.1f} {TOP}V{foot}",
            "other-clips": f"M{x:.1f} {TOP}V{foot}",
        }[event.kind]
        return {"shape": shape, "kind": event.kind, "run": event.run, "text": event.text}

    def _line(self, line: Series) -> dict[str, object]:
        """The lines, dots and not-finite marks of one series."""
        x = _x(line.steps / self._last_step)
        low, y, high = (_y(self._scale.place(v)) for v in (line.low, line.values, line.high))
        smooth = None if line.smooth is None else _y(self._scale.place(line.smooth))
        dots = [(f"{a:.1f}", f"{b:.1f}") for a, b in zip(x, y, strict=True) if np.isfinite(b)]
        crosses = [
            (f"{step:,}", f"M{self._across(step) - 3:.1f} {TOP - 7}l6 6m0 -6l-6 6")
            for step in line.broken[:: max(1, len(line.broken) // 50)]
        ]
        return {
            "colour": line.run % 6,
            "raw": None if smooth is None else _spikes(x, low, high, line.begins),
            "path": _path(x, y if smooth is None else smooth, line.begins),
            "dots": dots if len(x) <= DOTS else [],
            "broken": crosses,
        }


def _x(share: NDArray[np.float64]) -> NDArray[np.float64]:
    return np.asarray(LEFT + share * (WIDTH - LEFT - RIGHT))


def _y(share: NDArray[np.float64]) -> NDArray[np.float64]:
    return np.asarray(HEIGHT - BOTTOM - share * (HEIGHT - BOTTOM - TOP))


def _text(places: NDArray[np.float64]) -> str:
    return ",".join("" if np.isnan(place) else f"{place:.1f}" for place in places)


def _path(x: NDArray[np.float64], y: NDArray[np.float64], begins: Sequence[int] = ()) -> str:
    """An SVG path through the points, broken at NaN and before the points in `begins`."""
    parts, pen = [], "M"
    for place, (across, down) in enumerate(zip(x, y, strict=True)):
        if np.isnan(down):
            pen = "M"
            continue
        if place in begins:
            pen = "M"
        # h0 draws a single point as a dot, because lines have round ends
        parts.append(f"{pen}{across:.1f} {down:.1f}" + ("h0" if pen == "M" else ""))
        pen = "L"
    return "".join(parts)


def _spikes(
    x: NDArray[np.float64],
    low: NDArray[np.float64],
    high: NDArray[np.float64],
    begins: Sequence[int] = (),
) -> str:
    """An SVG path through the minimum and maximum of each bin."""
    across = np.repeat(x, 2)
    return _path(across, np.stack([low, high], 1).ravel(), [2 * place for place in begins])
