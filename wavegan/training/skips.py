"""Record a skipped step: the clips of its batch, and which of them caused it."""

import json
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from accelerate.utils import gather_object

from wavegan import atomic
from wavegan.data.manifest import printable
from wavegan.data.segments import Item, Segments
from wavegan.errors import RunError

FOLDER = "skipped"
MOST = 100
"""Maximum number of files per run; later skips are only counted."""
EXTREME = 1e4
"""Absolute values of audio or mels that no recording reaches in any scale."""

Probe = Callable[[Sequence[Item]], list[str]]


@dataclass(frozen=True)
class Skip:
    """A step in which a network did not learn.

    Attributes:
        step: the step.
        networks: the networks that did not learn, `generator` or `discriminator`.
        terms: scalars that were not finite, causes first.
        clips: path, first sample and number of each clip of the batch.
        guilty: paths of clips that cause it alone; empty if none does, or all do.
    """

    step: int
    networks: tuple[str, ...]
    terms: tuple[str, ...]
    clips: tuple[dict[str, Any], ...]
    guilty: tuple[str, ...]

    def __str__(self) -> str:
        return f"{self.what}: the step is skipped ({self.cause})"

    @property
    def what(self) -> str:
        """The scalar that was not finite, and the step."""
        term = self.terms[0] if self.terms else f"{self.networks[0]}/grad_norm"
        return f"{term} is not finite at step {self.step:,}"

    @property
    def cause(self) -> str:
        """The cause, in a few words."""
        if self.guilty:
            return f"caused by {', '.join(map(printable, self.guilty[:4]))} alone"
        return "no single clip causes it"

    def write(self, run: Path, total: int) -> dict[str, Any]:
        """Write the skip into the run's folder; returns its facts for `metrics.jsonl`."""
        facts: dict[str, Any] = {
            "networks": list(self.networks),
            "terms": list(self.terms),
            "guilty": list(self.guilty),
            "total": total,
        }
        if total > MOST:
            return facts
        name = f"{FOLDER}/{self.step:08d}.json"
        try:
            (run / FOLDER).mkdir(exist_ok=True)
            content = {"step": self.step, **facts, "clips": list(self.clips)}
            # ASCII: paths may hold bytes that are not UTF-8
            atomic.text(run / name, json.dumps(content, indent=1) + "\n")
        except OSError:
            return facts | {"clips": list(self.clips)}  # metrics.jsonl keeps them instead
        return facts | {"file": name}


def found(
    step: int,
    networks: Sequence[str],
    terms: Sequence[str],
    numbers: Sequence[int],
    segments: Segments,
    probe: Probe | None,
) -> Skip:
    """Examine a skipped step; all processes call this together.

    Args:
        step: the step.
        networks: the networks that did not learn.
        terms: scalars that were not finite in this process.
        numbers: numbers of this process's clips.
        segments: reads the clips again.
        probe: returns the scalars that are not finite for given clips; None: do not try clips.
    """
    items = read(segments, numbers)
    guilty = [item for item in items if probe and (_is_extreme(item) or probe([item]))]
    own = {
        "terms": list(terms),
        "clips": [{"path": i.path, "start": i.start, "number": i.number} for i in items],
        "guilty": [item.path for item in guilty],
    }
    everybody: list[dict[str, Any]] = gather_object([own])
    clips = [clip for one in everybody for clip in one["clips"]]
    names = [path for one in everybody for path in one["guilty"]]
    all_do = len(names) == len(clips)
    return Skip(
        step=step,
        networks=tuple(networks),
        terms=tuple(causes_first({term for one in everybody for term in one["terms"]})),
        clips=tuple(clips),
        guilty=() if all_do else tuple(dict.fromkeys(names)),
    )


def causes_first(terms: Iterable[str]) -> list[str]:
    """Sort the names of scalars that are not finite: terms before totals and norms."""
    return sorted(terms, key=lambda name: (name.endswith(("/total", "/grad_norm")), name))


def read(segments: Segments, numbers: Sequence[int]) -> list[Item]:
    """Read the clips of a step again; empty if their files are gone."""
    try:
        return [segments[number] for number in numbers]
    except RunError:  # the files are gone; the data loader reports that
        return []


def _is_extreme(item: Item) -> bool:
    """Whether it has values that no recording has."""
    given = (item.audio, *item.conditions.values())
    extreme = (not bool((each.abs() < EXTREME).all()) for each in given if each.is_floating_point())
    return any(extreme)
