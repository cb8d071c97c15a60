"""The result of a comparison of unpaired sets."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Final, Literal

from wavegan.audio.opening import shown
from wavegan.data.pairs import LeftOut

BaselineName = Literal["held out", "real halves"]
HELD_OUT: Final = "held out"
HALVES: Final = "real halves"
BASELINES: Mapping[BaselineName, str] = {
    HELD_OUT: "what held-out real clips give",
    HALVES: "what the other half of the real clips gives",
}


@dataclass(frozen=True)
class MeanOverParts:
    """A mean over parts of a set, and the deviation where there were several.

    Attributes:
        mean: NaN where it cannot be computed.
        deviation: standard deviation over the parts, or None.
        n: clips in each part.
        parts: the number of parts.
        reason: why it cannot be computed, or "".
    """

    mean: float
    deviation: float | None
    n: int
    parts: int
    reason: str = ""

    def to_dict(self) -> dict[str, Any]:
        """Return what goes into JSON: None for NaN."""
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
    """A set of clips and its figures by metric."""

    name: str
    clips: int
    figures: Mapping[str, MeanOverParts]

    def to_dict(self) -> dict[str, Any]:
        """Return what goes into JSON."""
        metrics = {key: figure.to_dict() for key, figure in self.figures.items()}
        return {"name": self.name, "clips": self.clips, "metrics": metrics}


@dataclass(frozen=True)
class SetEvaluation:
    """Figures of sets of made clips, and of real clips as a baseline.

    Attributes:
        higher_is_better: by metric.
        systems: the sets, in the order given.
        baseline: real clips compared with the other real clips; its name says which.
        left_out: files that could not be used.
        settings: what the figures depend on, for JSON.
    """

    higher_is_better: Mapping[str, bool]
    systems: tuple[SetRow, ...]
    baseline: SetRow
    left_out: tuple[LeftOut, ...]
    settings: Mapping[str, Any] = field(default_factory=dict)

    def to_dict(self) -> dict[str, Any]:
        """Return what goes into JSON; `metrics` are those of the first set."""
        systems = [row.to_dict() for row in self.systems]
        return {
            "metrics": systems[0]["metrics"],
            "systems": systems,
            "floors": {self.baseline.name.replace(" ", "_"): self.baseline.to_dict()},
            "left_out": [{**entry.to_dict(), "file": shown(entry.file)} for entry in self.left_out],
            "settings": dict(self.settings),
        }
