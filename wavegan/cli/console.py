"""Progress on stderr: a live display on a terminal, a line every few seconds elsewhere."""

import time
from collections.abc import Callable, Mapping
from contextlib import AbstractContextManager, nullcontext
from typing import IO, TYPE_CHECKING, cast

from rich.progress import (
    BarColumn,
    MofNCompleteColumn,
    Progress,
    TaskID,
    TextColumn,
    TimeRemainingColumn,
)
from rich.status import Status
from rich.text import Text

from wavegan.cli._screen import Screen, live
from wavegan.cli.stderr import Stderr
from wavegan.counted import counted
from wavegan.progress import wording
from wavegan.progress.alarm import Alarm
from wavegan.progress.eta import Eta
from wavegan.readable import PROSE, escaped

if TYPE_CHECKING:
    from wavegan.training.log import Speed

EVERY = 10.0
"""Seconds between lines where there is no terminal."""
SHOWN = {
    "generator/total": "G",
    "discriminator/total": "D",
    "generator/adversarial": "adv",
    "generator/feature_matching": "fm",
}


class _Lines:
    """Progress that is a live display on a terminal, and an occasional line elsewhere."""

    def __init__(self, console: Screen, every: float = EVERY) -> None:
        self.console, self.every, self.last = console, every, time.monotonic()

    def keep(self, display: AbstractContextManager[object]) -> AbstractContextManager[object]:
        """Keep a display on screen where there is a terminal."""
        return live(display) if self.console.is_terminal else nullcontext()

    def print_line(self, line: str, *, certainly: bool = False) -> None:
        """Print a line where there is no terminal, if enough time has passed or `certainly`."""
        waited = time.monotonic() - self.last >= self.every
        if not self.console.is_terminal and (waited or certainly):
            self.last = time.monotonic()
            self.console.print(line)


class Silent:
    """A listener that prints nothing."""

    quiet = True

    def train(self, step: int, values: Mapping[str, float], speed: "Speed") -> None:
        """Say nothing."""

    def validation(self, step: int, values: Mapping[str, float], best: bool) -> None:
        """Say nothing."""

    def alarm(self, alarm: Alarm) -> None:
        """Say nothing."""

    def note(self, text: str) -> None:
        """Say nothing."""

    def live(self) -> AbstractContextManager[object]:
        """Show nothing."""
        return nullcontext()


class ConsoleListener(Silent):
    """A listener that prints the progress of a run.

    Args:
        steps: the run's last step.
        every: seconds between lines where there is no terminal.
    """

    quiet = False

    def __init__(self, steps: int, every: float = EVERY) -> None:
        self.steps, self.printed = steps, False
        self.eta = Eta(steps, time.monotonic())
        self.console = Screen(file=cast("IO[str]", Stderr()), soft_wrap=True)
        self.lines = _Lines(self.console, every)
        self.progress = Progress(
            BarColumn(bar_width=20),
            TextColumn("{task.description}", markup=False),
            console=self.console,
            transient=True,
        )
        self.task = self.progress.add_task("starting", total=steps)

    def live(self) -> AbstractContextManager[object]:
        """Keep the bar on screen where there is a terminal."""
        return self.lines.keep(self.progress)

    def train(self, step: int, values: Mapping[str, float], speed: "Speed") -> None:
        """Show the averages of some steps; the first and the last time in any case."""
        line = self._line(step, values, speed)
        self.progress.update(self.task, completed=step, description=line)
        self.lines.print_line(line, certainly=not self.printed or step == self.steps)
        self.printed = True

    def validation(self, step: int, values: Mapping[str, float], best: bool) -> None:
        """Show results on held-out files."""
        figures = "  ".join(f"{name} {value:.4f}" for name, value in values.items())
        self.note(f"validation at step {step:,}: {figures}{'  (best so far)' if best else ''}")

    def alarm(self, alarm: Alarm) -> None:
        """Show an alarm."""
        self.note(wording.with_step(alarm))

    def note(self, text: str) -> None:
        """Show one line."""
        self.console.print(text)

    def _line(self, step: int, values: Mapping[str, float], speed: "Speed") -> str:
        left = self.eta.after(step, speed.steps, time.monotonic())
        eta = "" if left is None else f"  ETA {_clock(left)}"
        names = {**SHOWN, **{n: n.split("/")[1] for n in values if _is_loss(n)}}
        losses = "  ".join(f"{short} {values[n]:.3f}" for n, short in names.items() if n in values)
        return (
            f"step {step:,}/{self.steps:,}  {speed.steps:.1f} steps/s  "
            f"{speed.audio:.0f} s audio/s  wait {speed.wait:.0%}  {losses}{eta}"
        )


class Stages:
    """Progress of each stage of work on many clips, and notes.

    Attributes:
        notes: all notes.

    Args:
        silent: print nothing, only keep the notes.
    """

    def __init__(self, silent: bool) -> None:
        self.notes: list[str] = []
        self._silent = silent
        self._console = Screen(stderr=True, soft_wrap=True)
        self._lines = _Lines(self._console)
        self._bar = Progress(
            TextColumn("{task.description}", markup=False),
            BarColumn(bar_width=20),
            MofNCompleteColumn(),
            TimeRemainingColumn(),
            console=self._console,
            transient=True,
        )
        self._tasks: dict[str, TaskID] = {}

    def live(self) -> AbstractContextManager[object]:
        """Keep the bar on screen where there is a terminal."""
        return nullcontext() if self._silent else self._lines.keep(self._bar)

    def show(self, stage: str, done: int, count: int) -> None:
        """Show that `done` of `count` clips have finished a stage."""
        if self._silent:
            return
        if stage not in self._tasks:
            self._tasks[stage] = self._bar.add_task(stage, total=count)
        self._bar.update(self._tasks[stage], completed=done)
        self._lines.print_line(f"{stage}: {done} of {counted(count, 'clip')}")

    def note(self, text: str) -> None:
        """Print one line unless silent, and keep it."""
        self.notes.append(text)
        if not self._silent:
            self._console.print(text)

    def of(self, stage: str) -> Callable[[int, int], None]:
        """`show` for one stage."""
        return lambda done, count: self.show(stage, done, count)


class Activity:
    """Progress of work of unknown length: shows the current activity.

    Args:
        silent: print nothing.
    """

    def __init__(self, silent: bool) -> None:
        self._silent = silent
        self._console = Screen(stderr=True, soft_wrap=True)
        self._lines = _Lines(self._console)
        self._status: Status | None = None

    def live(self) -> AbstractContextManager[object]:
        """Keep the line on screen where there is a terminal."""
        if self._silent or not self._console.is_terminal:
            return nullcontext()
        self._status = self._console.status("reading")
        return self._lines.keep(self._status)

    def note(self, text: str) -> None:
        """Print a line."""
        if not self._silent:
            self._console.print(_one_line(text))

    def show(self, text: str) -> None:
        """Show the current activity."""
        if self._status is not None:
            self._status.update(Text(escaped(text, PROSE)))
        elif not self._silent:
            self._lines.print_line(_one_line(text))


def _one_line(text: str) -> str:
    return " ".join(escaped(text, PROSE).split())


def _is_loss(name: str) -> bool:
    side, _, term = name.partition("/")
    return side == "generator" and name not in SHOWN and term != "grad_norm"


def _clock(seconds: float) -> str:
    minutes, second = divmod(int(seconds), 60)
    hours, minute = divmod(minutes, 60)
    return f"{hours}:{minute:02d}:{second:02d}" if hours else f"{minute}:{second:02d}"
