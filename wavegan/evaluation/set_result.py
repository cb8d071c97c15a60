"""What a comparison of unpaired sets found."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from wavegan.audio.opening import shown
from wavegan.data.pairs import LeftOut


@dataclass(frozen=True)
class MeanOverParts:
    """A mean over parts of a set, and the deviation where there were several.

    Attributes:
        mean: NaN where it cannot be made.
        deviation: standard deviation over the parts, or None.
        n: clips in each part.
        parts: how many.
        reason: why it cannot be made, or "".
    """

    mean: float
    deviation: float | None
    n: int
    parts: int
    reason: str = ""

    def to_dict(self) -> dict[str, Any]:
        """As JSON takes it: None for NaN."""
        finite = self.mean == self.mean  # NaN is not itself
        why = {"reason": self.reason} if self.reason else {}
        return {
            "mean": self.mean if finite else None,
            "deviation": self.deviation,
            "n": self.n,
            "parts": self.parts,
        } | why


@dataclass(frozen=True)
class SetRow:
    """A set of clips, and what is said of it."""

    name: str
    clips: int
    figures: Mapping[str, MeanOverParts]

    def to_dict(self) -> dict[str, Any]:
        """As JSON takes it."""
        metrics = {key: figure.to_dict() for key, figure in self.figures.items()}
        return {"name": self.name, "clips": self.clips, "metrics": metrics}


@dataclass(frozen=True)
class SetEvaluation:
    """Sets of made clips beside real ones.

    Attributes:
        higher_is_better: by metric.
        systems: as given.
        baseline: one half of the real clips against the other.
        left_out: files that could not be used.
        settings: what the figures depend on, as JSON takes it.
    """

    higher_is_better: Mapping[str, bool]
    systems: tuple[SetRow, ...]
    baseline: SetRow
    left_out: tuple[LeftOut, ...]
    settings: Mapping[str, Any] = field(default_factory=dict)

    def to_dict(self) -> dict[str, Any]:
        """As JSON takes it; `metrics` are those of the first set."""
        systems = [row.to_dict() for row in self.systems]
        return {
            "metrics": systems[0]["metrics"],
            "systems": systems,
            "floors": {"real_halves": self.baseline.to_dict()},
            "left_out": [{**entry.to_dict(), "file": shown(entry.file)} for entry in self.left_out],
            "settings": dict(self.settings),
        }
