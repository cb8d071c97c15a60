"""One small chart of a figure over steps, as inline SVG that plain JavaScript can read out."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from wavegan.reports import axes
from wavegan.reports.html import Markup, join, tag, void
from wavegan.reports.series import Series

WIDTH, HEIGHT = 360, 190
LEFT, RIGHT, TOP, BOTTOM = 50, 8, 12, 30
LETTER = 6.5
"""Width of a letter of a label, at most."""
DOTS = 24
"""Up to so many points a line's points are dots too."""


@dataclass(frozen=True)
class Event:
    """Something that happened at a step.

    Attributes:
        kind: "checkpoint", "best", "alarm", "resumed" or "anew" (validation got other clips).
        step: when.
        run: to which run, counted from 0.
        text: what.
    """

    kind: str
    step: int
    run: int
    text: str


@dataclass(frozen=True)
class Chart:
    """A figure, of one run or several.

    Attributes:
        title: what it is.
        unit: of its values, "" for a pure number.
        series: one a run.
        events: what is marked on it.
        ends: of a quantity whose range is known.
        middle: a value to draw a line at.
        note: what is good, or what to look for.
    """

    title: str
    unit: str
    series: Sequence[Series]
    events: Sequence[Event] = ()
    ends: tuple[float, float] | None = None
    middle: float | None = None
    note: str = ""

    def figure(self, names: Sequence[str]) -> Markup:
        """The chart as HTML; `names` are the runs'."""
        heading = tag("b", self.title)
        facts = ", ".join(filter(None, (self.unit, "log scale" if self._scale.log else "")))
        caption = tag(
            "figcaption",
            heading,
            tag("span", f" {facts}", class_="dim") if facts else None,
            tag("output", self._latest(names), class_="readout"),
        )
        attributes = {"tabindex": "0", "role": "group", "data_x": self._encoded()}
        label = f"{self.title}: chart; arrow keys read out its values"
        box = tag("div", self._svg(), class_="plot", aria_label=label, **attributes)
        return tag("figure", caption, box, class_="chart", title=self.note or None)

    @property
    def _scale(self) -> axes.Scale:
        known = np.concatenate([line.finite for line in self.series])
        return axes.scale(known, self.ends) if len(known) else axes.scale(np.zeros(1), (0, 1))

    @property
    def _last_step(self) -> float:
        return max([1.0, *(float(line.steps[-1]) for line in self.series if len(line.steps))])

    def _latest(self, names: Sequence[str]) -> str:
        lines = [line for line in self.series if len(line.steps)]
        if len(lines) == 1:
            return f"last {axes.number(lines[0].last)}"
        return " · ".join(f"{names[line.run]} {axes.number(line.last)}" for line in lines)

    def _encoded(self) -> str:
        """What the script reads out: for each line its run, steps, places and values."""
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

    def _svg(self) -> Markup:
        parts = join(self._grid(), self._marks(), [self._line(s) for s in self.series])
        cursor = tag("g", class_="cursor")
        box = f"0 0 {WIDTH} {HEIGHT}"
        return tag("svg", parts, cursor, viewBox=box, aria_hidden="true", focusable="false")

    def _grid(self) -> Markup:
        """Axes: values to the left, steps below."""
        scale, parts = self._scale, []
        for mark in scale.marks:
            y = float(_y(scale.place(mark)))
            parts.append(void("path", d=f"M{LEFT} {y:.1f}H{WIDTH - RIGHT}", class_="grid"))
            parts.append(_beside(axes.short(mark), y))
        if self.middle is not None:
            y = float(_y(scale.place(self.middle)))
            parts.append(void("path", d=f"M{LEFT} {y:.1f}H{WIDTH - RIGHT}", class_="middle"))
        steps = axes.scale(np.asarray([0.0, self._last_step]))
        for mark in steps.marks:
            if mark <= self._last_step * 1.001 and not (mark % 1):
                parts.append(
                    _below(axes.short(mark), float(_x(np.asarray(mark / self._last_step))))
                )
        middle = LEFT + (WIDTH - LEFT - RIGHT) / 2
        parts.append(tag("text", "step", x=middle, y=HEIGHT - 3, text_anchor="middle"))
        return join(parts)

    def _marks(self) -> Markup:
        return join([self._mark(event) for event in self.events if event.step <= self._last_step])

    def _mark(self, event: Event) -> Markup:
        x = float(_x(np.asarray(event.step / self._last_step)))
        foot = HEIGHT - BOTTOM
        shape = {
            "checkpoint": f"M{x:.1f} {foot}v-5",
            "best": f"M{x:.1f} {TOP}V{foot}M{x - 4:.1f} {foot}h8l-4 -7z",
            "alarm": f"M{x:.1f} {TOP}V{foot}M{x - 4:.1f} {TOP - 8}h8l-4 8z",
            "resumed": f"M{x:.1f} {TOP}V{foot}",
            "anew": f"M{x:.1f} {TOP}V{foot}",
        }[event.kind]
        return tag("path", tag("title", event.text), d=shape, class_=f"{event.kind} of{event.run}")

    def _line(self, line: Series) -> Markup:
        """The raw line, faint where there is a smoothed one; its gaps; what is not finite."""
        scale = self._scale
        x = _x(line.steps / self._last_step)
        low, high = _y(scale.place(line.low)), _y(scale.place(line.high))
        own = f"of{line.run % 6}"
        parts: list[Markup] = []
        y = _y(scale.place(line.values))
        if line.smooth is None:
            parts.append(void("path", d=_path(x, y, line.begins), class_=f"line {own}"))
        else:
            parts.append(void("path", d=_spikes(x, low, high, line.begins), class_=f"raw {own}"))
            smooth = _y(scale.place(line.smooth))
            parts.append(void("path", d=_path(x, smooth, line.begins), class_=f"line {own}"))
        if len(x) <= DOTS:
            dots = zip(x, y, strict=True)
            parts += [
                void("circle", cx=f"{a:.1f}", cy=f"{b:.1f}", r=2.2, class_=own)
                for a, b in dots
                if np.isfinite(b)
            ]
        for step in line.broken[:: max(1, len(line.broken) // 50)]:
            at = float(_x(np.asarray(step / self._last_step)))
            cross = f"M{at - 3:.1f} {TOP - 7}l6 6m0 -6l-6 6"
            told = tag("title", f"not finite at step {step:,}")
            parts.append(tag("path", told, d=cross, class_="broken"))
        return join(parts)


def _beside(label: str, y: float) -> Markup:
    """A label left of the axis, a long one squeezed into its place."""
    room, long = LEFT - 6, {}
    if len(label) * LETTER > room:
        long = {"textLength": room, "lengthAdjust": "spacingAndGlyphs"}
    return tag("text", label, x=LEFT - 5, y=f"{y + 3.5:.1f}", text_anchor="end", **long)


def _below(label: str, x: float) -> Markup:
    """A label under a place of the axis; the last one ends where the chart does."""
    place = {"y": HEIGHT - BOTTOM + 14}
    if x + len(label) * LETTER / 2 > WIDTH - 2:
        return tag("text", label, x=WIDTH - 2, text_anchor="end", **place)
    return tag("text", label, x=f"{x:.1f}", text_anchor="middle", **place)


def _x(share: NDArray[np.float64]) -> NDArray[np.float64]:
    return np.asarray(LEFT + share * (WIDTH - LEFT - RIGHT))


def _y(share: NDArray[np.float64]) -> NDArray[np.float64]:
    return np.asarray(HEIGHT - BOTTOM - share * (HEIGHT - BOTTOM - TOP))


def _text(places: NDArray[np.float64]) -> str:
    return ",".join("" if np.isnan(place) else f"{place:.1f}" for place in places)


def _path(x: NDArray[np.float64], y: NDArray[np.float64], begins: Sequence[int] = ()) -> str:
    """A line through the points, broken where one is NaN and before those that begin anew."""
    parts, pen = [], "M"
    for place, (across, down) in enumerate(zip(x, y, strict=True)):
        if np.isnan(down):
            pen = "M"
            continue
        if place in begins:
            pen = "M"
        # a point alone is a dot: the line has round ends
        parts.append(f"{pen}{across:.1f} {down:.1f}" + ("h0" if pen == "M" else ""))
        pen = "L"
    return "".join(parts)


def _spikes(
    x: NDArray[np.float64],
    low: NDArray[np.float64],
    high: NDArray[np.float64],
    begins: Sequence[int] = (),
) -> str:
    """A line down and up through the least and greatest value of each bin."""
    across = np.repeat(x, 2)
    return _path(across, np.stack([low, high], 1).ravel(), [2 * place for place in begins])
