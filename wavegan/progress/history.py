"""Read a run's recipe and its `metrics.jsonl`."""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from wavegan.progress import lines, stored_recipe
from wavegan.progress.alarm import Alarm
from wavegan.progress.lines import Line
from wavegan.progress.thresholds import EARLY
from wavegan.run_folder import METRICS

_RATED = ("start", "return")


@dataclass(frozen=True)
class History:
    """The recorded state of a run on disk; the run may still be training.

    Attributes:
        run: its folder.
        recipe: the resolved `recipe.yaml`.
        train: lines of training windows, oldest first: `step`, losses, gradient norms, `speed/…`.
        validation: lines of validations, oldest first: `step` and metrics; NaN if not finite.
        alarms: alarms of validations, oldest first.
        starts: a line for each start and resume: `step`, machine and versions.
        skips: a line for each skipped step: `step`, `total`, `terms`, `guilty`.
        returns: a line for each return to a checkpoint: `step`, `from`, `number`, `rate`.
        rate: factor of both learning rates after such returns.
        notes: descriptions of damaged parts that were ignored.
    """

    run: Path
    recipe: Mapping[str, Any]
    train: tuple[Line, ...]
    validation: tuple[Line, ...]
    alarms: tuple[Alarm, ...]
    starts: tuple[Line, ...]
    skips: tuple[Line, ...] = ()
    returns: tuple[Line, ...] = ()
    rate: float = 1.0
    notes: tuple[str, ...] = ()

    @classmethod
    def read(cls, run: Path) -> "History":
        """Read a run's folder.

        Raises:
            UserError: it is not a run's folder, or its recipe is damaged.
        """
        known, notes = stored_recipe.read(run)
        found = lines.read(run / METRICS)
        kinds = ("train", "validation", "alarm", "start", "skip", "return")
        train, validation, alarms, starts, skips, returns = (
            tuple(line for line in found.whole if line["kind"] == kind) for kind in kinds
        )
        if found.note:
            notes.append(f"{run / METRICS}: {found.note}")
        rates = [line["rate"] for line in found.whole if line["kind"] in _RATED and "rate" in line]
        return cls(
            run,
            known,
            train,
            validation,
            tuple(map(Alarm.of_line, alarms)),
            starts,
            skips,
            returns,
            rate=rates[-1] if rates else 1.0,
            notes=tuple(notes),
        )

    @property
    def step(self) -> int:
        """The last recorded step."""
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
        """Whether nothing is held out, and so nothing measured, since its last start."""
        data = self.starts[-1].get("data") if self.starts else None
        return not self.measured and isinstance(data, dict) and data.get("held_out") == 0

    @property
    def measured(self) -> tuple[Line, ...]:
        """The comparable validations: those since the validation clips last changed."""
        since = max(self.clip_changes, default=-1)
        return tuple(line for line in self.validation if line["step"] > since)

    @property
    def clip_changes(self) -> tuple[int, ...]:
        """The steps after which the validation clips changed, in ascending order."""
        return tuple(sorted({int(x["step"]) for x in self.starts if x.get("other_clips")}))

    @property
    def early(self) -> int:
        """The step before which there is no trend; it includes the warm-up of the rate."""
        training = self.recipe.get("training")
        schedule = training.get("schedule") if isinstance(training, dict) else None
        warmup = schedule.get("warmup") if isinstance(schedule, dict) else 0
        return max(EARLY, warmup) if isinstance(warmup, int) else EARLY

    def setting(self, section: str, field: str, default: Any) -> Any:
        """A field of a section of the recipe, or `default` if its type differs."""
        values = self.recipe.get(section)
        value = values.get(field, default) if isinstance(values, dict) else default
        same = isinstance(value, type(default)) and not isinstance(value, bool)
        return value if same and (not isinstance(value, int) or value > 0) else default

    def section(self, outer: str, inner: str) -> Mapping[str, Any]:
        """A nested table of the recipe; empty if there is none."""
        values = self.recipe.get(outer)
        found = values.get(inner) if isinstance(values, dict) else None
        return found if isinstance(found, dict) else {}

    def series(self, kind: str, key: str) -> tuple[list[int], list[float]]:
        """Steps and values of a figure in the "train", "validation" or "measured" lines."""
        chosen = [line for line in getattr(self, kind) if key in line]
        return [int(line["step"]) for line in chosen], [float(line[key]) for line in chosen]
