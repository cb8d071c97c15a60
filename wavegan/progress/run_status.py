"""Status of a run: step, speed, whether it is running, best checkpoint."""

import time
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any, Literal

from wavegan.progress import wording
from wavegan.progress.alarm import Alarm
from wavegan.progress.history import History
from wavegan.progress.pace import format_duration, seconds_to, steps_a_second
from wavegan.run_folder import best_step, folders

State = Literal["running", "silent", "ended", "not begun"]
SHOWN = 3
QUIET, LINES = 120.0, 5.0
"""A run is silent after this many seconds, and the time of this many lines, without output."""


@dataclass(frozen=True)
class RunStatus:
    """Status of a run.

    Attributes:
        run: its folder.
        step, total: current and last step.
        speed: steps per second; None if unknown.
        state: `running` (it wrote something recently), `silent` (validating, or stopped), `ended`
            (at its last step), `not begun` (no metrics.jsonl yet).
        written: seconds since it wrote something; None if it has not.
        left: seconds of training to its end; None if unknown.
        best: folder of the best checkpoint; None if there is none.
        resumable: whether there is a checkpoint to resume from.
        alarms: the last few alarms.
    """

    run: str
    step: int
    total: int
    speed: float | None
    state: State
    written: float | None
    left: float | None
    best: str | None
    resumable: bool
    alarms: tuple[Alarm, ...]

    @property
    def line(self) -> str:
        """A status line without the run's name."""
        share = f"step {self.step:,} of {self.total:,} ({self.step / self.total:.0%})"
        speed = "" if self.speed is None else f", {self.speed:.3g} steps/s"
        left = (
            ""
            if self.left is None or not self.left
            else f", {format_duration(self.left)} to the end"
        )
        return f"{share}{speed}{left}; {self.in_words}"

    @property
    def in_words(self) -> str:
        """Its state in words."""
        if self.written is None:
            return "nothing written yet"
        ago = format_duration(self.written)
        if self.state == "ended":
            return f"ended {ago} ago"
        if self.state == "running":
            return f"running (wrote {ago} ago)"
        hint = f"; wavegan train --resume {self.run}" if self.resumable else ""
        return f"silent for {ago} (validating, or stopped{hint})"

    def to_dict(self) -> dict[str, Any]:
        """For JSON."""
        alarms = [{"step": a.step, "text": wording.line(a), **a.to_dict()} for a in self.alarms]
        return asdict(self) | {"alarms": alarms}


def run_status(history: History, now: float | None = None) -> RunStatus:
    """The status of a run at a time (seconds since 1970; None: now)."""
    file = history.run / "metrics.jsonl"
    written = None
    if file.is_file():
        written = max(0.0, (time.time() if now is None else now) - file.stat().st_mtime)
    return RunStatus(
        run=str(history.run),
        step=history.step,
        total=history.total,
        speed=steps_a_second(history),
        state=_state(history, written),
        written=written,
        left=seconds_to(history, history.total),
        best=_best(history.run),
        resumable=any((history.run / "checkpoints").glob("[0-9]*/training/state.pt")),
        alarms=history.alarms[-SHOWN:],
    )


def _state(history: History, written: float | None) -> State:
    if written is None:
        return "not begun"
    if history.ended:
        return "ended"
    every, speed = history.setting("training", "log_every", 50), steps_a_second(history)
    expected = LINES * every / speed if speed else 0.0
    return "running" if written < max(QUIET, expected) else "silent"


def _best(run: Path) -> str | None:
    """The folder that `best.json` names, if both exist."""
    step = best_step(run)
    folder = None if step is None else folders(run).get(step)
    return None if folder is None else str(folder)
