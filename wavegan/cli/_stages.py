"""How far work on many clips is, on stderr: a bar on a terminal, a line now and then elsewhere."""

import time
from collections.abc import Callable
from contextlib import AbstractContextManager, nullcontext

from rich.progress import (
    BarColumn,
    MofNCompleteColumn,
    Progress,
    TaskID,
    TextColumn,
    TimeRemainingColumn,
)

from wavegan.cli._screen import Screen, live
from wavegan.counted import counted

EVERY = 10.0
"""Seconds between lines where there is no terminal."""


class Stages:
    """Tells how far each stage of the work is, and what a person should know of it.

    Attributes:
        notes: all that was to be said.

    Args:
        silent: say nothing, only keep the notes.
    """

    def __init__(self, silent: bool) -> None:
        self.notes: list[str] = []
        self._silent = silent
        self._console = Screen(stderr=True, soft_wrap=True)
        self._bar = Progress(
            TextColumn("{task.description}", markup=False),
            BarColumn(bar_width=20),
            MofNCompleteColumn(),
            TimeRemainingColumn(),
            console=self._console,
            transient=True,
        )
        self._tasks: dict[str, TaskID] = {}
        self._last = time.monotonic()

    def live(self) -> AbstractContextManager[object]:
        """Keep the bar on screen where there is a terminal."""
        shown = self._console.is_terminal and not self._silent
        return live(self._bar) if shown else nullcontext()

    def show(self, stage: str, done: int, count: int) -> None:
        """Show that `done` of `count` clips have passed a stage."""
        if self._silent:
            return
        if self._console.is_terminal:
            if stage not in self._tasks:
                self._tasks[stage] = self._bar.add_task(stage, total=count)
            self._bar.update(self._tasks[stage], completed=done)
        elif time.monotonic() - self._last >= EVERY:
            self._last = time.monotonic()
            self._console.print(f"{stage}: {done} of {counted(count, 'clip')}")

    def note(self, text: str) -> None:
        """Say one line, unless nothing is to be said, and keep it."""
        self.notes.append(text)
        if not self._silent:
            self._console.print(text)

    def of(self, stage: str) -> Callable[[int, int], None]:
        """`show` for one stage."""
        return lambda done, count: self.show(stage, done, count)
