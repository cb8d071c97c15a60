"""The result of `judge.score`: figures of sets of clips."""

import math
from dataclasses import dataclass, fields
from typing import Any, Literal

from wavegan.data.pairs import LeftOut
from wavegan.evaluation.set_result import BaselineName

Kind = Literal["made", "real"] | BaselineName


@dataclass(frozen=True)
class ScoreOverParts:
    """A figure, and its deviation over parts of the set if there were several.

    Attributes:
        value: NaN where it cannot be computed.
        deviation: standard deviation over the parts, or None.
    """

    value: float
    deviation: float | None = None

    def to_dict(self) -> dict[str, Any]:
        """Return what goes into JSON: None for NaN."""
        value = None if math.isnan(self.value) else self.value
        return {"value": value, "deviation": self.deviation}


@dataclass(frozen=True)
class SetScore:
    """The figures of one set.

    Attributes:
        name: of the set.
        kind: generated clips, the baseline (which one), or the real clips.
        clips: the number of clips.
        label_accuracy: None if no clip has a label that the judge knows.
    """

    name: str
    kind: Kind
    clips: int
    inception_score: ScoreOverParts
    frechet: ScoreOverParts
    label_accuracy: ScoreOverParts | None
    diversity: ScoreOverParts
    nearest_neighbour: ScoreOverParts
    ndb: ScoreOverParts
    js: ScoreOverParts

    def to_dict(self) -> dict[str, Any]:
        """Return what goes into JSON."""
        values = {each.name: getattr(self, each.name) for each in fields(self)}
        return {
            name: value.to_dict() if isinstance(value, ScoreOverParts) else value
            for name, value in values.items()
        }


@dataclass(frozen=True)
class SetScores:
    """The figures of all sets.

    Attributes:
        rows: the sets in the order given, then the baseline and the real clips.
        part: clips in each part that the Fréchet distance, NDB and JS are computed of.
        reference: real clips that parts are compared with.
        scored: clips in each part that the Inception Score is computed of.
        left_out: files that could not be used.
    """

    rows: tuple[SetScore, ...]
    part: int
    reference: int
    scored: int
    left_out: tuple[LeftOut, ...]

    def to_dict(self) -> dict[str, Any]:
        """Return what goes into JSON."""
        return {
            "rows": [row.to_dict() for row in self.rows],
            "clips_in_a_part": self.part,
            "clips_in_the_reference": self.reference,
            "clips_in_an_inception_part": self.scored,
            "left_out": [
                {"set": entry.system, "path": entry.file, "reason": entry.reason}
                for entry in self.left_out
            ],
        }
