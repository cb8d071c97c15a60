"""Progress for people: a live bar on a terminal, a line now and then elsewhere."""

import time
from collections.abc import Mapping
from contextlib import AbstractContextManager, nullcontext
from typing import IO, TYPE_CHECKING, cast

from rich.progress import BarColumn, Progress, TextColumn

from wavegan.cli._screen import Screen, live
from wavegan.cli.stderr import Stderr
from wavegan.progress import wording
from wavegan.progress.alarm import Alarm
from wavegan.progress.eta import Eta

if TYPE_CHECKING:
    from wavegan.training.log import Speed

SHOWN = {
    "generator/total": "G",
    "discriminator/total": "D",
    "generator/adversarial": "adv",
    "generator/feature_matching": "fm",
}


class Silent:
    """Hears everything and says nothing."""

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
        """Nothing to keep on screen."""
        return nullcontext()


class Talkative(Silent):
    """Tells stderr how a run goes.

    Args:
        steps: the run's last step.
        every: seconds between lines where there is no terminal.
    """

    quiet = False

    def __init__(self, steps: int, every: float = 10.0) -> None:
        self.steps, self.every, self.last = steps, every, 0.0
        self.eta = Eta(steps, time.monotonic())
        self.console = Screen(file=cast("IO[str]", Stderr()), soft_wrap=True)
        self.progress = Progress(
            BarColumn(bar_width=20),
            TextColumn("{task.description}", markup=False),
            console=self.console,
            transient=True,
        )
        self.task = self.progress.add_task("starting", total=steps)

    def live(self) -> AbstractContextManager[object]:
        """Keep the bar on screen where there is a terminal."""
        return live(self.progress) if self.console.is_terminal else nullcontext()

    def train(self, step: int, values: Mapping[str, float], speed: "Speed") -> None:
        """Show a window of steps."""
        line = self._line(step, values, speed)
        self.progress.update(self.task, completed=step, description=line)
        quiet_for = time.monotonic() - self.last
        if not self.console.is_terminal and (quiet_for >= self.every or step == self.steps):
            self.last = time.monotonic()
            self.console.print(line)

    def validation(self, step: int, values: Mapping[str, float], best: bool) -> None:
        """Show what held-out files gave."""
        figures = "  ".join(f"{name} {value:.4f}" for name, value in values.items())
        self.note(f"validation at step {step:,}: {figures}{'  (best so far)' if best else ''}")

    def alarm(self, alarm: Alarm) -> None:
        """Show an alarm."""
        self.note(wording.told(alarm))

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


def _is_loss(name: str) -> bool:
    side, _, term = name.partition("/")
    return side == "generator" and name not in SHOWN and term != "grad_norm"


def _clock(seconds: float) -> str:
    minutes, second = divmod(int(seconds), 60)
    hours, minute = divmod(minutes, 60)
    return f"{hours}:{minute:02d}:{second:02d}" if hours else f"{minute}:{second:02d}"
