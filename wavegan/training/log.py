"""What a run says: `metrics.jsonl` always, Accelerate's trackers, and a listener for people."""

import json
import math
import warnings
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from importlib.util import find_spec
from pathlib import Path
from typing import Any, Protocol

import torch
from accelerate import Accelerator
from accelerate.tracking import LOGGER_TYPE_TO_CLASS
from torch import Tensor

from wavegan import atomic, bounded_text
from wavegan.errors import UserError, suggest
from wavegan.progress import lines, wording
from wavegan.progress.alarm import Alarm
from wavegan.progress.lines import Line
from wavegan.run_folder import METRICS
from wavegan.training import storage
from wavegan.training.place import Place
from wavegan.training.processes import mean

EVENTS = ("skip", "return")
"""Kinds of lines that tell what befell a run."""


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

    def alarm(self, alarm: Alarm) -> None:
        """A validation shows that something goes wrong."""

    def note(self, text: str) -> None:
        """Anything else worth a line."""


class RunLog:
    """Writes down what a run measures. Only the main process has one that writes.

    Args:
        run: the run's folder.
        accelerator: its trackers are written to.
        step: the step resumed from; lines of later steps, from before a crash, are dropped.

    Attributes:
        place: the run's folder, where its lines go also when it is moved.
        dropped: how many lines were dropped as they were torn, or none of a run's.
    """

    def __init__(self, run: Path, accelerator: Accelerator, step: int) -> None:
        self.run, self.place = run, Place(run)
        self.accelerator = accelerator
        self.active = accelerator.is_main_process
        self.tracks = True
        self.dropped = self._take_up(step) if self.active and self.file.exists() else 0

    @property
    def file(self) -> Path:
        """`metrics.jsonl`."""
        return self.place.here() / METRICS

    def _take_up(self, step: int) -> int:
        """Keep the lines up to a step; returns how many others were no lines of a run's."""
        with storage.writing(self.run, self.file, self.file.stat().st_size):
            return self._keep(lambda at, _: at <= step)

    def _keep(self, wanted: Callable[[int, bytes], bool]) -> int:
        """Keep the lines that are wanted by step and text; how many were no lines of a run's."""
        foreign = 0

        def kept() -> Iterator[bytes]:
            nonlocal foreign
            for text in bounded_text.lines(self.file, lines.LONGEST):
                at = lines.step_of(text)
                foreign += at is None and bool(text.strip())
                if at is not None and wanted(at, text):
                    yield text.rstrip(b"\n") + b"\n"

        atomic.data(self.file, kept())
        return foreign

    def write(self, kind: str, step: int, values: Mapping[str, float]) -> None:
        """Append one line to `metrics.jsonl` and tell the trackers."""
        if not self.active:
            return
        self._append({"kind": kind, "step": step, **_finite(values)})
        named = {key if "/" in key else f"{kind}/{key}": value for key, value in values.items()}
        with self._tracking():
            if self.tracks:
                self.accelerator.log(named, step=step)

    def close(self) -> None:
        """Let the trackers write what they hold back."""
        with self._tracking():
            self.accelerator.end_training()

    def track(self, name: str) -> None:
        """Start the trackers, under the run's name."""
        with self._tracking():
            self.accelerator.init_trackers(name)

    @contextmanager
    def _tracking(self) -> Iterator[None]:
        """Deal with trackers inside: what ails them is said once, and never ends a run."""
        try:
            yield
        except Exception as error:
            if self.tracks:
                reason = " ".join(str(error).split()) or type(error).__name__
                warnings.warn(
                    f"training.trackers: nothing more is written to them ({reason}); "
                    f"{self.file} is",
                    RuntimeWarning,
                    stacklevel=3,
                )
            self.tracks = False

    def validations(self) -> list[Line]:
        """The figures of all validations so far, oldest first."""
        return [line for line in lines.read(self.file).whole if line["kind"] == "validation"]

    def alarm(self, alarm: Alarm) -> None:
        """Append an alarm to `metrics.jsonl`: the text for people, then what it is made of."""
        text = wording.line(alarm)
        self._append({"kind": "alarm", "step": alarm.step, "text": text, **alarm.to_dict()})

    def event(self, kind: str, step: int, facts: Mapping[str, Any]) -> None:
        """Append what befell the run: a step that was left out, a return to a checkpoint."""
        self._append({"kind": kind, "step": step, **facts})

    def go_back(self, step: int) -> None:
        """Drop what was measured after a step that training returns to; what befell it stays."""
        if not self.active:
            return

        def wanted(at: int, text: bytes) -> bool:
            line = lines.parse(text) if at > step else None
            return at <= step or (line is not None and line["kind"] in EVENTS)

        self._keep(wanted)

    def start(self, step: int, facts: Mapping[str, Any]) -> None:
        """Append what a run starts, or goes on, with: machine, versions, data."""
        self._append({"kind": "start", "step": step, **facts})

    def _append(self, line: Mapping[str, Any]) -> None:
        if not self.active:
            return
        text = json.dumps(line) + "\n"
        file = self.file
        with (
            self.place.unless_lost(),
            storage.writing(file.parent, file, len(text)),
            file.open("a", encoding="utf-8") as stream,
        ):
            stream.write(text)


class Window:
    """Running sums of the step's scalars; nothing leaves the device until `mean`.

    Scalars of a turn whose gradient norm is not finite, `PLAYER/grad_norm`, are of no use and are
    left out, as the turn was.
    """

    def __init__(self) -> None:
        self.sums: dict[str, Tensor] = {}
        self.counts: dict[str, int] = {}
        self.lost: dict[str, Tensor] = {}

    def add(self, logs: Mapping[str, Tensor]) -> None:
        """Add one step's scalars."""
        for name, value in self._useful(logs).items():
            self.sums[name] = self.sums.get(name, torch.zeros_like(value)) + value
            self.counts[name] = self.counts.get(name, 0) + 1

    def clear(self) -> None:
        """Forget what was added."""
        self.sums, self.counts, self.lost = {}, {}, {}

    def mean(self, accelerator: Accelerator) -> dict[str, float]:
        """The means since the last call, over all processes; empties the window.

        NaN stands for what no step is left of.
        """
        if not self.sums:
            return {}
        names, lost = sorted(self.sums), {name: int(n) for name, n in self.lost.items()}
        means = torch.stack(
            [self.sums[n] / (self.counts[n] - lost.get(_player(n), 0)) for n in names]
        )
        values = mean(accelerator, means).tolist()
        self.clear()
        return dict(zip(names, values, strict=True))

    def _useful(self, logs: Mapping[str, Tensor]) -> dict[str, Tensor]:
        """The scalars, 0 where their turn was left out; a few kernels for each player."""
        useful = dict(logs)
        for player in dict.fromkeys(map(_player, logs)):
            norm = logs.get(f"{player}/grad_norm")
            if norm is not None:
                names, good = [n for n in logs if _player(n) == player], norm.isfinite()
                values = torch.stack([logs[name] for name in names])
                useful |= zip(names, torch.where(good, values, 0.0).unbind(), strict=True)
                self.lost[player] = self.lost.get(player, 0) + ~good
        return useful


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


def _player(name: str) -> str:
    return name.partition("/")[0]


def _finite(values: Mapping[str, float]) -> dict[str, float | None]:
    return {key: value if math.isfinite(value) else None for key, value in values.items()}
