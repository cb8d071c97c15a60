"""Plan an evaluation: the clips of each row of the table."""

from collections import Counter
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from wavegan.audio import io
from wavegan.data.audio_listing import listing
from wavegan.data.pairs import LeftOut
from wavegan.errors import UserError
from wavegan.evaluation.baselines import Baseline, why_impossible
from wavegan.evaluation.pairing import Pairing, pair, pick
from wavegan.evaluation.scoring import Job


@dataclass(frozen=True)
class System:
    """Clips to measure.

    Attributes:
        estimate: folder (or file) of made clips.
        reference: folder (or file) of real ones; None is the reference of the evaluation.
        origin: what made the clips, for JSON; None is the folder.
        left_out: clips that could not be made.
    """

    estimate: Path
    reference: Path | None = None
    origin: Mapping[str, Any] | None = None
    left_out: tuple[LeftOut, ...] = ()


@dataclass(frozen=True)
class EvaluationPlan:
    """What an evaluation measures.

    Attributes:
        systems: by name.
        pairings: of the systems, by name.
        baselines: floors that can be made, by name.
        skipped: why other floors cannot be made, by name.
        references: the clips that floors are made of, by name.
        sample_rate: of most references, Hz.
        seconds: of audio in all jobs.
    """

    systems: Mapping[str, System]
    pairings: Mapping[str, Pairing]
    baselines: Mapping[str, Baseline]
    skipped: Mapping[str, str]
    references: Mapping[str, Path]
    sample_rate: int
    seconds: float

    def system_jobs(self, name: str) -> list[Job]:
        """Return the jobs of a system."""
        return [Job(p.name, p.reference, p.estimate) for p in self.pairings[name].pairs]

    def baseline_jobs(self, name: str) -> list[Job]:
        """Return the jobs of a floor."""
        return [Job(clip, file, name) for clip, file in self.references.items()]

    def left_out(self, name: str) -> tuple[LeftOut, ...]:
        """Return the files of a system that are known to be unusable before measuring."""
        return (*self.systems[name].left_out, *self.pairings[name].left_out)


def plan(
    reference: Path,
    systems: Mapping[str, System],
    baselines: Mapping[str, Baseline],
    only: Sequence[str] | None = None,
    count: int | None = None,
) -> EvaluationPlan:
    """Pair the clips of all systems; floors are made of the first system's references.

    Raises:
        UserError: a folder is missing or empty, or a system has no pair.
    """
    chosen = _chosen(reference, only, count)
    pairings = {
        name: pair(system.reference or reference, system.estimate, name, chosen)
        for name, system in systems.items()
    }
    first = next(iter(systems.values())).reference or reference
    references = {
        each.name: each.reference
        for name, pairing in pairings.items()
        if (systems[name].reference or reference) == first
        for each in pairing.pairs
    }
    references = dict(sorted(references.items()))
    infos = [info for file in references.values() if (info := _probe(file)) is not None]
    rate = Counter(info.sample_rate for info in infos).most_common(1)[0][0] if infos else 0
    reasons = {name: why_impossible(baseline, rate) for name, baseline in baselines.items() if rate}
    made = {name: baseline for name, baseline in baselines.items() if not reasons.get(name)}
    average = sum(info.seconds for info in infos) / max(1, len(infos))
    jobs = len(references) * len(made) + sum(len(each.pairs) for each in pairings.values())
    skipped = {name: reason for name, reason in reasons.items() if reason}
    return EvaluationPlan(systems, pairings, made, skipped, references, rate, average * jobs)


def _chosen(
    reference: Path, only: Sequence[str] | None, count: int | None
) -> Collection[str] | None:
    if (only is None and count is None) or reference.is_file():
        return None
    return set(pick(list(listing(reference).files), only, count))


def _probe(file: Path) -> io.AudioInfo | None:
    try:
        return io.probe(file)
    except (UserError, OSError):
        return None
