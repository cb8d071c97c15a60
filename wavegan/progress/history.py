"""What a run wrote down: its recipe, and the lines of `metrics.jsonl`."""

import json
import math
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import yaml

from wavegan import bounded_text, bounded_yaml
from wavegan.errors import UserError

Line = Mapping[str, Any]

EARLY = 200
"""Steps below which the course of no run says anything, however often it was looked at."""


@dataclass(frozen=True)
class History:
    """A run as it stands on the disk; a run that is still training may be read.

    Attributes:
        run: its folder.
        recipe: `recipe.yaml`, resolved.
        train: lines of training windows, oldest first: `step`, losses, gradient norms, `speed/…`.
        validation: lines of validations, oldest first: `step` and metrics; NaN where not finite.
        alarms: lines `step`, `text`.
        starts: a line for each start and resume: `step`, machine and versions.
    """

    run: Path
    recipe: Mapping[str, Any]
    train: tuple[Line, ...]
    validation: tuple[Line, ...]
    alarms: tuple[Line, ...]
    starts: tuple[Line, ...]

    @classmethod
    def read(cls, run: Path) -> "History":
        """Read a run's folder.

        Raises:
            UserError: it is no run's folder.
        """
        recipe = run / "recipe.yaml"
        if not recipe.is_file():
            raise UserError(f"{run}: no run's folder: it has no recipe.yaml (see --out of train)")
        try:
            known = bounded_yaml.read(bounded_text.read(recipe, bounded_yaml.LONGEST))
        except yaml.YAMLError as error:
            raise UserError(f"{recipe}: damaged: {bounded_yaml.reason(error)}") from None
        if not isinstance(known, dict):
            raise UserError(f"{recipe}: damaged: it holds no fields")
        lines = read_lines(run / "metrics.jsonl")
        kinds = ("train", "validation", "alarm", "start")
        return cls(run, known, *(tuple(x for x in lines if x["kind"] == k) for k in kinds))

    @property
    def step(self) -> int:
        """The last step that something was written of."""
        kinds = (self.train, self.validation, self.starts)
        return max((int(lines[-1]["step"]) for lines in kinds if lines), default=0)

    @property
    def total(self) -> int:
        """The step at which it ends."""
        return int(self.setting("training", "steps", 1_000_000))

    @property
    def ended(self) -> bool:
        """Whether it reached its last step."""
        return self.step >= self.total

    @property
    def unmeasured(self) -> bool:
        """Whether nothing is measured since its last start, as nothing is held out."""
        data = self.starts[-1].get("data") if self.starts else None
        return not self.validation and isinstance(data, dict) and data.get("held_out") == 0

    @property
    def early(self) -> int:
        """The step before which nothing is said of its course: its rate has to warm up, too."""
        training = self.recipe.get("training")
        schedule = training.get("schedule") if isinstance(training, dict) else None
        warmup = schedule.get("warmup") if isinstance(schedule, dict) else 0
        return max(EARLY, warmup) if isinstance(warmup, int) else EARLY

    def setting(self, section: str, field: str, default: Any) -> Any:
        """A field of a section of the recipe, or `default` where it is not of that type."""
        values = self.recipe.get(section)
        value = values.get(field, default) if isinstance(values, dict) else default
        same = isinstance(value, type(default)) and not isinstance(value, bool)
        return value if same and (not isinstance(value, int) or value > 0) else default

    def series(self, kind: str, key: str) -> tuple[list[int], list[float]]:
        """Steps and values of one figure, of "train" or "validation" lines, where it is there."""
        chosen = [line for line in getattr(self, kind) if key in line]
        return [int(line["step"]) for line in chosen], [float(line[key]) for line in chosen]


def _with_nan(line: Line) -> Line:
    return {key: math.nan if value is None else value for key, value in line.items()}


def read_lines(file: Path) -> list[Line]:
    """All lines of a `metrics.jsonl` that are whole: the last one may be being written.

    NaN stands for what was not finite; no file, no lines.
    """
    if not file.is_file():
        return []
    found: list[Line] = []
    for text in file.read_text(encoding="utf-8", errors="replace").splitlines():
        try:
            line = json.loads(text)
        except ValueError:
            continue
        if isinstance(line, dict) and "kind" in line and isinstance(line.get("step"), int | float):
            spoilt = None in line.values()
            found.append(_with_nan(line) if spoilt else line)
    return found
