"""Log a run: `metrics.jsonl`, Accelerate's trackers, and the protocol of listeners."""

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
"""Kinds of lines about events of a run."""


@dataclass(frozen=True)
class Speed:
    """The speed of the last window of steps.

    Attributes:
        steps: steps per second.
        audio: seconds of training audio per second, in all processes together.
        wait: share of the time spent waiting for the data loader, 0 to 1.
    """

    steps: float
    audio: float
    wait: float


class Listener(Protocol):
    """Receives progress; the library itself prints nothing."""

    def train(self, step: int, values: Mapping[str, float], speed: Speed) -> None:
        """A window of training steps ended at `step`."""

    def validation(self, step: int, values: Mapping[str, float], best: bool) -> None:
        """Held-out files were measured."""

    def alarm(self, alarm: Alarm) -> None:
        """A validation found a problem."""

    def note(self, text: str) -> None:
        """Any other line."""


class RunLog:
    """Logs the measurements and events of a run. Writes only in the main process.

    Args:
        run: the run's folder.
        accelerator: writes to its trackers.
        step: the step resumed from; lines of later steps, from before a crash, are dropped.

    Attributes:
        place: the run's folder, also after it was moved.
        dropped: number of lines dropped because they were incomplete or not from a run.
    """

    def __init__(self, run: Path, accelerator: Accelerator, step: int) -> None:
        self.run, self.place = run, Place(run)
        self.accelerator = accelerator
        self.active = accelerator.is_main_process
        self.tracks = True
        self.dropped = self._resume(step) if self.active and self.file.exists() else 0

    @property
    def file(self) -> Path:
        """`metrics.jsonl`."""
        return self.place.here() / METRICS

    def _resume(self, step: int) -> int:
        """Keep the lines up to a step; returns the number of invalid lines."""
        with storage.writing(self.run, self.file, self.file.stat().st_size):
            return self._keep(lambda at, _: at <= step)

    def _keep(self, wanted: Callable[[int, bytes], bool]) -> int:
        """Keep the lines for which `wanted(step, text)`; returns the number of invalid lines."""
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
        """Append one line to `metrics.jsonl` and write to the trackers."""
        if not self.active:
            return
        self._append({"kind": kind, "step": step, **_finite(values)})
        named = {key if "/" in key else f"{kind}/{key}": value for key, value in values.items()}
        with self._tracking():
            if self.tracks:
                self.accelerator.log(named, step=step)

    def close(self) -> None:
        """Let the trackers write what they have buffered."""
        with self._tracking():
            self.accelerator.end_training()

    def track(self, name: str) -> None:
        """Start the trackers, under the run's name."""
        with self._tracking():
            self.accelerator.init_trackers(name)

    @contextmanager
    def _tracking(self) -> Iterator[None]:
        """Context for calls of trackers: an error is reported once, and never ends a run."""
        try:
            yield
        except Exception as error:
            if self.tracks:
                reason = " ".join(str(error).split()) or type(error).__name__
                warnings.warn(
                    f"training.trackers: an error ends their logs ({reason}); {self.file} is still "
                    "written",
                    RuntimeWarning,
                    stacklevel=3,
                )
            self.tracks = False

    def validations(self) -> list[Line]:
        """The results of all validations so far, oldest first."""
        return [line for line in lines.read(self.file).whole if line["kind"] == "validation"]

    def alarm(self, alarm: Alarm) -> None:
        """Append an alarm to `metrics.jsonl`: its text, then its fields."""
        text = wording.line(alarm)
        self._append({"kind": "alarm", "step": alarm.step, "text": text, **alarm.to_dict()})

    def event(self, kind: str, step: int, facts: Mapping[str, Any]) -> None:
        """Append an event: a skipped step, or a return to a checkpoint."""
        self._append({"kind": kind, "step": step, **facts})

    def go_back(self, step: int) -> None:
        """Drop measurements after the step that training returns to; events stay."""
        if not self.active:
            return

        def wanted(at: int, text: bytes) -> bool:
            line = lines.parse(text) if at > step else None
            return at <= step or (line is not None and line["kind"] in EVENTS)

        self._keep(wanted)

    def start(self, step: int, facts: Mapping[str, Any]) -> None:
        """Append the facts of a start or resume: machine, versions, data."""
        self._append({"kind": "start", "step": step, **facts})

    def _append(self, line: Mapping[str, Any]) -> None:
        if not self.active:
            return
        text = json.dumps(line) + "\n"
        file = self.file
        with (
            self.place.ignore_errors_if_lost(),
            storage.writing(file.parent, file, len(text)),
            file.open("a", encoding="utf-8") as stream,
        ):
            stream.write(text)


class Window:
    """Running sums of the step's scalars; nothing leaves the device until `mean`.

    Scalars of a skipped turn (its `NETWORK/grad_norm` is not finite) are left out.
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
        """Empty the window."""
        self.sums, self.counts, self.lost = {}, {}, {}

    def mean(self, accelerator: Accelerator) -> dict[str, float]:
        """The means since the last call, over all processes; empties the window.

        NaN if all turns were skipped.
        """
        if not self.sums:
            return {}
        names, lost = sorted(self.sums), {name: int(n) for name, n in self.lost.items()}
        means = torch.stack(
            [self.sums[n] / (self.counts[n] - lost.get(_network(n), 0)) for n in names]
        )
        values = mean(accelerator, means).tolist()
        self.clear()
        return dict(zip(names, values, strict=True))

    def _useful(self, logs: Mapping[str, Tensor]) -> dict[str, Tensor]:
        """The scalars, 0 if their turn was skipped; a few kernels per network."""
        useful = dict(logs)
        for network in dict.fromkeys(map(_network, logs)):
            norm = logs.get(f"{network}/grad_norm")
            if norm is not None:
                names, good = [n for n in logs if _network(n) == network], norm.isfinite()
                values = torch.stack([logs[name] for name in names])
                useful |= zip(names, torch.where(good, values, 0.0).unbind(), strict=True)
                self.lost[network] = self.lost.get(network, 0) + ~good
        return useful


def available(trackers: tuple[str, ...]) -> tuple[list[str], list[str]]:
    """Split tracker names into those with an installed package and those without.

    Raises:
        UserError: Accelerate knows no tracker of that name.
    """
    for name in trackers:
        if name not in LOGGER_TYPE_TO_CLASS:
            known = suggest(name, LOGGER_TYPE_TO_CLASS)
            raise UserError(f"training.trackers: no tracker {name!r}{known}")
    missing = [name for name in trackers if find_spec(name) is None]
    return [name for name in trackers if name not in missing], missing


def _network(name: str) -> str:
    return name.partition("/")[0]


def _finite(values: Mapping[str, float]) -> dict[str, float | None]:
    return {key: value if math.isfinite(value) else None for key, value in values.items()}
