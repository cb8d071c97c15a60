"""What a run says: `metrics.jsonl` always, Accelerate's trackers, and a listener for people."""

import json
import math
from collections.abc import Mapping
from dataclasses import dataclass
from importlib.util import find_spec
from pathlib import Path
from typing import Any, Protocol

import torch
from accelerate import Accelerator
from accelerate.tracking import LOGGER_TYPE_TO_CLASS
from torch import Tensor

from wavegan import atomic
from wavegan.errors import UserError, suggest
from wavegan.progress import lines
from wavegan.progress.lines import Line


@dataclass(frozen=True)
class Speed:
    """How fast the last window of steps went.

    Attributes:
        steps: steps per second.
        audio: seconds of training audio per second, all processes together.
        wait: share of the time spent waiting for the loader, 0 to 1.
    """

    steps: float
    audio: float
    wait: float


class Listener(Protocol):
    """Someone to whom progress is told; the library itself prints nothing."""

    def train(self, step: int, values: Mapping[str, float], speed: Speed) -> None:
        """A window of training steps ended at `step`."""

    def validation(self, step: int, values: Mapping[str, float], best: bool) -> None:
        """Held-out files were measured."""

    def note(self, text: str) -> None:
        """Anything else worth a line."""


class RunLog:
    """Writes down what a run measures. Only the main process has one that writes.

    Args:
        run: the run's folder.
        accelerator: its trackers are written to.
        step: the step resumed from; lines of later steps, from before a crash, are dropped.

    Attributes:
        dropped: how many lines were dropped as they were torn, or none of a run's.
    """

    def __init__(self, run: Path, accelerator: Accelerator, step: int) -> None:
        self.file = run / "metrics.jsonl"
        self.accelerator = accelerator
        self.active = accelerator.is_main_process
        self.dropped = self._take_up(step) if self.active and self.file.exists() else 0

    def _take_up(self, step: int) -> int:
        """Keep the lines up to a step; returns how many others were no lines of a run's."""
        found = [(text, lines.step_of(text)) for text in self.file.read_bytes().split(b"\n")]
        kept = [text.decode() + "\n" for text, at in found if at is not None and at <= step]
        atomic.text(self.file, "".join(kept))
        return sum(at is None and bool(text.strip()) for text, at in found)

    def write(self, kind: str, step: int, values: Mapping[str, float]) -> None:
        """Append one line to `metrics.jsonl` and tell the trackers."""
        if not self.active:
            return
        self._append({"kind": kind, "step": step, **_finite(values)})
        named = {key if "/" in key else f"{kind}/{key}": value for key, value in values.items()}
        self.accelerator.log(named, step=step)

    def validations(self) -> list[Line]:
        """The figures of all validations so far, oldest first."""
        return [line for line in lines.read(self.file).whole if line["kind"] == "validation"]

    def alarm(self, step: int, text: str) -> None:
        """Append an alarm to `metrics.jsonl`."""
        self._append({"kind": "alarm", "step": step, "text": text})

    def start(self, step: int, facts: Mapping[str, Any]) -> None:
        """Append what a run starts, or goes on, with: machine, versions, data."""
        self._append({"kind": "start", "step": step, **facts})

    def _append(self, line: Mapping[str, Any]) -> None:
        if self.active:
            with self.file.open("a", encoding="utf-8") as stream:
                stream.write(json.dumps(line) + "\n")


class Window:
    """Running sums of the step's scalars; nothing leaves the device until `mean`."""

    def __init__(self) -> None:
        self.sums: dict[str, Tensor] = {}
        self.counts: dict[str, int] = {}

    def add(self, logs: Mapping[str, Tensor]) -> None:
        """Add one step's scalars."""
        for name, value in logs.items():
            self.sums[name] = self.sums.get(name, torch.zeros_like(value)) + value
            self.counts[name] = self.counts.get(name, 0) + 1

    def mean(self, accelerator: Accelerator) -> dict[str, float]:
        """The means since the last call, over all processes; empties the window."""
        if not self.sums:
            return {}
        names = sorted(self.sums)
        means = torch.stack([self.sums[name] / self.counts[name] for name in names])
        values = accelerator.reduce(means, reduction="mean").tolist()
        self.sums, self.counts = {}, {}
        return dict(zip(names, values, strict=True))


def available(trackers: tuple[str, ...]) -> tuple[list[str], list[str]]:
    """Split tracker names into those whose package is installed and those that lack it.

    Raises:
        UserError: Accelerate knows no tracker of that name.
    """
    for name in trackers:
        if name not in LOGGER_TYPE_TO_CLASS:
            known = suggest(name, LOGGER_TYPE_TO_CLASS)
            raise UserError(f"training.trackers: there is no tracker {name!r}{known}")
    missing = [name for name in trackers if find_spec(name) is None]
    return [name for name in trackers if name not in missing], missing


def _finite(values: Mapping[str, float]) -> dict[str, float | None]:
    return {key: value if math.isfinite(value) else None for key, value in values.items()}
