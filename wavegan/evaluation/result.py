"""The result of an evaluation: systems and floors, with means, intervals and settings."""

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any

from wavegan.audio.opening import shown
from wavegan.data.pairs import LeftOut
from wavegan.evaluation.against import Comparison
from wavegan.evaluation.scoring import ClipScore
from wavegan.evaluation.selection import Column
from wavegan.statistics.bootstrap import Interval, mean_interval


@dataclass(frozen=True)
class SystemScores:
    """One system, or one floor.

    Attributes:
        name: of the system, or "reference", "griffin_lim", "re_encoded".
        keys: of the metrics, in order.
        files: the clips that were measured.
        left_out: the files that were not measured.
        reason: why a floor was not made, or "".
    """

    name: str
    keys: tuple[str, ...]
    files: tuple[ClipScore, ...]
    left_out: tuple[LeftOut, ...] = ()
    reason: str = ""

    @cached_property
    def means(self) -> dict[str, Interval]:
        """The mean of each metric over the clips where it is defined."""
        return {k: mean_interval([clip.values[k] for clip in self.files]) for k in self.keys}

    def values(self, key: str) -> dict[str, float]:
        """Return a metric by clip."""
        return {clip.name: clip.values[key] for clip in self.files}

    def metrics_dict(self) -> dict[str, Any]:
        """Return the means for JSON."""
        return {key: interval.to_dict() for key, interval in self.means.items()}

    def to_dict(self) -> dict[str, Any]:
        """Return what goes into JSON."""
        files = [clip.to_dict() for clip in self.files]
        return {"name": self.name, "metrics": self.metrics_dict(), "files": files}


@dataclass(frozen=True)
class Evaluation:
    """Systems and floors measured on the same references.

    Attributes:
        columns: the metrics by key.
        systems: in the order given.
        baselines: "reference" first.
        comparisons: of each system with the one named by `against`.
        settings: what the figures depend on, for JSON.
    """

    columns: Mapping[str, Column]
    systems: tuple[SystemScores, ...]
    baselines: tuple[SystemScores, ...]
    comparisons: tuple[Comparison, ...] = ()
    settings: Mapping[str, Any] = field(default_factory=dict)

    @property
    def left_out(self) -> Iterator[LeftOut]:
        """All files that were not measured, system by system."""
        for row in (*self.systems, *self.baselines):
            yield from row.left_out

    def to_dict(self) -> dict[str, Any]:
        """Return what goes into JSON; `metrics` and `files` are those of the first system."""
        first = self.systems[0].to_dict()
        return {
            "metrics": first["metrics"],
            "files": first["files"],
            "systems": [row.to_dict() for row in self.systems],
            "floors": {row.name: _baseline(row) for row in self.baselines},
            "comparisons": [entry.to_dict() for entry in self.comparisons],
            "left_out": [{**entry.to_dict(), "file": shown(entry.file)} for entry in self.left_out],
            "settings": dict(self.settings),
        }


def _baseline(row: SystemScores) -> dict[str, Any]:
    return {"metrics": row.metrics_dict()} | ({"skipped": row.reason} if row.reason else {})


def counts(rows: Sequence[SystemScores]) -> dict[str, Any]:
    """Count how often clips were changed before comparing, over all systems, for JSON."""
    clips = [clip for row in rows for clip in row.files]
    rates = Counter(clip.sample_rate for clip in clips)
    return {
        "cut_at_the_end": sum(clip.cut for clip in clips),
        "shifted": sum(clip.shift != 0 for clip in clips),
        "late_or_early": sum(clip.lag != 0 for clip in clips),
        "resampled": sum(clip.resampled for clip in clips),
        "mixed_to_mono": sum(clip.mixed for clip in clips),
        "sample_rates": {str(rate): count for rate, count in sorted(rates.items())},
    }
