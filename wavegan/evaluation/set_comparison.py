"""Compare sets of made clips with real clips: the one definition, for every command.

    real clips ─┬─ reference    what every set is compared with
                └─ baseline     compared with the reference the same way: the best to hope for

Held-out clips are the baseline, and all other real clips are the reference. Where no held-out
clips are known, the real clips are halved by a fixed shuffle. Every set is dealt into parts of one
size: the smallest of all sets, reference and baseline, and ten parts at most. A figure is the mean
over the parts. Metrics in `ANY_SIZE` have no bias from the number of clips: they compare whole
sets with all real clips that are not held out.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from statistics import fmean, pstdev

import torch
from torch import Tensor

from wavegan.data.manifest import Manifest
from wavegan.data.pairs import LeftOut
from wavegan.data.scan import scan
from wavegan.errors import UserError
from wavegan.evaluation.embedded_set import EmbeddedSet, Embedder, Note
from wavegan.evaluation.held_out import separate
from wavegan.evaluation.set_result import HALVES, HELD_OUT, BaselineName, MeanOverParts, SetRow
from wavegan.set_metrics.base import SetMetric

ANY_SIZE = frozenset(("diversity", "frechet_infinity", "nearest_neighbour"))
MOST_PARTS = 10
SEED = 0


@dataclass(frozen=True)
class RealClips:
    """Real clips, split for a comparison.

    Attributes:
        every: all that are not held out.
        reference: those that parts of sets are compared with.
        baseline: those that show what real clips give.
        name: of the baseline.
        left_out: files that could not be used.
    """

    every: EmbeddedSet
    reference: EmbeddedSet
    baseline: EmbeddedSet
    name: BaselineName
    left_out: tuple[LeftOut, ...]


@dataclass(frozen=True)
class SetComparison:
    """Sets of made clips and the real clips that they are compared with.

    Attributes:
        made: by name.
        real: the real clips.
    """

    made: Mapping[str, EmbeddedSet]
    real: RealClips

    @property
    def part(self) -> int:
        """Clips in each part."""
        return min(map(len, (self.real.baseline, self.real.reference, *self.made.values())))

    @property
    def left_out(self) -> tuple[LeftOut, ...]:
        """Files that could not be used: real ones first."""
        made = (entry for each in self.made.values() for entry in each.left_out)
        return (*self.real.left_out, *made)

    def rows(self, metrics: Mapping[str, SetMetric]) -> tuple[SetRow, ...]:
        """Compare each made set with the real clips."""
        every = self.real.every
        return tuple(self._row(name, each, every, metrics) for name, each in self.made.items())

    def baseline_row(self, metrics: Mapping[str, SetMetric]) -> SetRow:
        """Compare the baseline with the reference."""
        # never with every real clip: of halves, the baseline is among them
        return self._row(self.real.name, self.real.baseline, self.real.reference, metrics)

    def real_row(self, metrics: Mapping[str, SetMetric]) -> SetRow:
        """Compare the real clips as if they were a made set."""
        return self._row("real", self.real.every, self.real.every, metrics)

    def _row(
        self, name: str, clips: EmbeddedSet, every: EmbeddedSet, metrics: Mapping[str, SetMetric]
    ) -> SetRow:
        parts = _random_parts(clips.vectors, self.part)
        figures = {}
        for key, metric in metrics.items():
            if key in ANY_SIZE:
                figures[key] = _figure(metric, [clips.vectors], every.vectors)
            else:
                figures[key] = _figure(metric, parts, self.real.reference.vectors)
        return SetRow(name, len(clips), figures)


def embed_sets(
    embed: Embedder, real: Manifest, sets: Mapping[str, Path], held_out: Path | Sequence[str]
) -> SetComparison:
    """Embed made and real clips, and split the real ones.

    Args:
        embed: the embedding.
        real: folder of real clips.
        sets: by name, folders of made clips.
        held_out: real clips that were held out: a folder, a list, or paths within `real`; empty:
            none are known.

    Raises:
        UserError: fewer than 2 usable clips in a set (4 real ones, if they have to be halved).
    """
    split = _split(embed, real, held_out)
    made = {name: embed(name, scan(folder, keep_own=True)) for name, folder in sets.items()}
    return SetComparison(made, split)


def note_missing(rows: Sequence[SetRow], note: Note) -> None:
    """Report the figures that cannot be computed, each reason once."""
    figures = [figure for row in rows for figure in row.figures.items()]
    missing = {f"{key}: not computed: {f.reason}": None for key, f in figures if f.reason}
    for line in missing:
        note(line)


def _split(embed: Embedder, real: Manifest, held_out: Path | Sequence[str]) -> RealClips:
    others, separated = separate(real, held_out, embed.note)
    if separated is not None:
        every, baseline = embed("real", others), embed(HELD_OUT, separated)
        left_out = (*every.left_out, *baseline.left_out)
        return RealClips(every, every, baseline, HELD_OUT, left_out)
    if held_out:
        embed.note("fewer than 2 held-out clips: the real clips are halved instead")
    every = embed("real", others, least=4)
    order = _shuffled(len(every))
    middle = (len(every) + 1) // 2
    first, second = every.take(order[:middle]), every.take(order[middle:])
    return RealClips(every, first, second, HALVES, every.left_out)


def _random_parts(vectors: Tensor, size: int) -> list[Tensor]:
    """Disjoint random parts of one size; the remainder is not used."""
    order = _shuffled(len(vectors))
    count = min(MOST_PARTS, len(vectors) // size)
    return [vectors[order[n * size : (n + 1) * size]] for n in range(count)]


def _shuffled(count: int) -> Tensor:
    return torch.randperm(count, generator=torch.Generator().manual_seed(SEED))


def _figure(metric: SetMetric, parts: Sequence[Tensor], real: Tensor) -> MeanOverParts:
    try:
        values = [metric(each, real) for each in parts]
    except UserError as error:
        return MeanOverParts(float("nan"), None, len(parts[0]), len(parts), str(error))
    deviation = pstdev(values) if len(values) > 1 else None
    return MeanOverParts(fmean(values), deviation, len(parts[0]), len(parts))
