"""What is written down of a step that was left out: the clips of its batch, and which did it."""

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
"""Files that are written in a run; later ones are only counted."""
EXTREME = 1e4
"""Values of audio or mel that no recording has, whatever its scale."""

Probe = Callable[[Sequence[Item]], list[str]]


@dataclass(frozen=True)
class Skip:
    """A step of which a player did not learn.

    Attributes:
        step: which.
        players: who did not learn, `generator` or `discriminator`.
        terms: what was not finite, causes first.
        clips: path, first sample and number of each clip of the batch.
        guilty: paths of the clips that give it alone; empty: none does, or all do.
    """

    step: int
    players: tuple[str, ...]
    terms: tuple[str, ...]
    clips: tuple[dict[str, Any], ...]
    guilty: tuple[str, ...]

    def __str__(self) -> str:
        return f"{self.what}: the step is left out ({self.cause})"

    @property
    def what(self) -> str:
        """What was not finite, and when."""
        term = self.terms[0] if self.terms else f"{self.players[0]}/grad_norm"
        return f"{term} is not finite at step {self.step:,}"

    @property
    def cause(self) -> str:
        """Whose doing it was, in a few words."""
        if self.guilty:
            return f"{', '.join(map(printable, self.guilty[:4]))} gives it alone"
        return "no clip alone is to blame"

    def write(self, run: Path, total: int) -> dict[str, Any]:
        """Write it into the run's folder; what there is to say of it in `metrics.jsonl`."""
        facts: dict[str, Any] = {
            "players": list(self.players),
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
            return facts | {"clips": list(self.clips)}  # the line is the only place left
        return facts | {"file": name}


def found(
    step: int,
    players: Sequence[str],
    terms: Sequence[str],
    numbers: Sequence[int],
    segments: Segments,
    probe: Probe | None,
) -> Skip:
    """Look into a step that was left out; all processes do so together.

    Args:
        step: which.
        players: who did not learn.
        terms: what was not finite in this process.
        numbers: of the clips of this process.
        segments: reads them again.
        probe: names what is not finite for some clips alone; None: they are not tried.
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
        players=tuple(players),
        terms=tuple(causes_first({term for one in everybody for term in one["terms"]})),
        clips=tuple(clips),
        guilty=() if all_do else tuple(dict.fromkeys(names)),
    )


def causes_first(terms: Iterable[str]) -> list[str]:
    """The names of scalars that are not finite: a term before the total and the norm it spoils."""
    return sorted(terms, key=lambda name: (name.endswith(("/total", "/grad_norm")), name))


def read(segments: Segments, numbers: Sequence[int]) -> list[Item]:
    """The clips of a step once more; none where their files are gone."""
    try:
        return [segments[number] for number in numbers]
    except RunError:  # the files are gone; that is for the loader to say
        return []


def _is_extreme(item: Item) -> bool:
    """Whether its values are none of a recording."""
    given = (item.audio, *item.conditions.values())
    extreme = (not bool((each.abs() < EXTREME).all()) for each in given if each.is_floating_point())
    return any(extreme)
