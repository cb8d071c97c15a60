"""Judging sets of clips: what a classifier of the data says of generated and of real ones."""

from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass, replace
from pathlib import Path, PurePosixPath
from statistics import fmean, pstdev
from typing import Any, Literal

import torch
from torch import Tensor
from torch.nn import functional

from wavegan import bounded_text, plugins
from wavegan.counted import counted
from wavegan.data import clips as reading
from wavegan.data.file_list import files_of, some
from wavegan.data.manifest import Clip, Manifest, Rejected, printable
from wavegan.data.scan import scan
from wavegan.embeddings.classifier import Classifier
from wavegan.errors import UserError
from wavegan.set_metrics._predictions import inception_score, label_accuracy
from wavegan.set_metrics.base import SetMetric

HELD_OUT = "held_out.txt"
LONGEST = 1 << 30
"""Bytes of it: millions of names."""
BATCH = 64
MOST_PARTS, LEAST_SCORED = 10, 100
SEED = 0

Kind = Literal["made", "held out", "real"]


@dataclass(frozen=True)
class EmbeddedSet:
    """A set of clips as the judge heard it.

    Attributes:
        name: of its row.
        kind: generated, held out from the real ones, or the real ones.
        embedding: `(N, D)`.
        probabilities: `(N, K)`.
        label: `(N,)` int64, -1 where a clip names no label that the judge knows.
        left_out: files that could not be used, with why.
    """

    name: str
    kind: Kind
    embedding: Tensor
    probabilities: Tensor
    label: Tensor
    left_out: tuple[Rejected, ...]

    def __len__(self) -> int:
        """Return the number of clips."""
        return len(self.embedding)


@dataclass(frozen=True)
class ScoreOverParts:
    """A number, and its deviation over parts of the set where there were several."""

    value: float
    deviation: float | None = None


@dataclass(frozen=True)
class SetScore:
    """What is said of one set; see `score`. None: the set names no labels."""

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


@dataclass(frozen=True)
class SetScores:
    """What `score` finds.

    Attributes:
        rows: the sets as given, then held-out and real clips.
        part: clips in a part that Fréchet distance, NDB and JS are computed of.
        scored: clips in a part that the Inception Score is computed of.
        left_out: by set.
    """

    rows: tuple[SetScore, ...]
    part: int
    scored: int
    left_out: dict[str, tuple[Rejected, ...]]

    def to_dict(self) -> dict[str, Any]:
        """As JSON takes it."""
        return {
            "rows": [asdict(row) for row in self.rows],
            "clips_in_a_part": self.part,
            "clips_in_an_inception_part": self.scored,
            "left_out": [
                {"set": name, "path": printable(entry.path), "reason": entry.reason}
                for name, entries in self.left_out.items()
                for entry in entries
            ],
        }


def score(
    judge: Classifier,
    sets: Sequence[Path],
    *,
    real: Path,
    held_out: Path | Sequence[str] = (),
    note: Callable[[str], None] = lambda _: None,
) -> SetScores:
    """Compare folders of clips with the real clips that a generator was trained on.

    Sets differ in size, and several numbers depend on that. So each set is dealt into parts as
    large as the smallest set (ten at most, by a fixed shuffle), and the Fréchet distance, NDB and
    JS are means over the parts. The Inception Score is the mean over smaller parts, likewise of
    one size for all sets. Label accuracy, diversity and nearest neighbours do not depend on the
    size and are of all clips. All compare with all the real clips (without those held out).

    Args:
        judge: trained on the real clips (`training.classifier`).
        sets: folders of generated clips. A clip's label is the name of its folder, or what its
            file name begins with: `kick_12.wav`.
        real: folder of the clips that were trained on.
        held_out: folder of real clips that were not, or a list of them, or their paths within
            `real`.
        note: is told what happens.

    Raises:
        UserError: a folder holds no clips, or too few.
    """
    manifest = scan(real)
    kept, apart = _held_out(manifest, held_out, note)
    heard = [
        _listen(judge, scan(path, keep_own=True), name, "made", note) for path, name in _named(sets)
    ]
    if apart is not None:
        heard.append(_listen(judge, apart, "held out", "held out", note))
    heard.append(_listen(judge, kept, "real", "real", note))
    for entry in heard:
        if len(entry) < 2:
            raise UserError(f"{entry.name}: {len(entry)} usable clips: give 2 or more")
    part = min(map(len, heard))
    scored = part // max(1, min(MOST_PARTS, part // LEAST_SCORED))
    rows = tuple(_row(entry, heard[-1].embedding, part, scored) for entry in heard)
    return SetScores(rows, part, scored, {entry.name: entry.left_out for entry in heard})


def read_held_out(judge: Path) -> tuple[str, ...]:
    """The clips that a judge was not trained on: paths within its data folder.

    Raises:
        UserError: the list cannot be read, or is larger than any.
    """
    file = judge / HELD_OUT
    try:
        text = bounded_text.read(file, LONGEST, errors="surrogateescape")
    except FileNotFoundError:
        return ()
    except OSError as error:
        raise UserError(f"{file}: {error.strerror or error}") from None
    return tuple(filter(None, text.split("\n")))


def _named(sets: Sequence[Path]) -> list[tuple[Path, str]]:
    """Folders by their last name, or all of it where two share that."""
    last = [folder.resolve().name for folder in sets]
    return [
        (folder, name if last.count(name) == 1 else str(folder))
        for folder, name in zip(sets, last, strict=True)
    ]


def _held_out(
    real: Manifest, held_out: Path | Sequence[str], note: Callable[[str], None]
) -> tuple[Manifest, Manifest | None]:
    """The real clips without those held out, and the latter."""
    known = [*(clip.path for clip in real.clips), *(entry.path for entry in real.rejected)]
    if isinstance(held_out, Path) and held_out.is_file():
        held_out = files_of(held_out, "--held-out", real.root, known)
    if isinstance(held_out, Path):
        apart = scan(held_out)
        inside = {(apart.root / clip.path).resolve() for clip in apart.clips}
        kept = [c for c in real.clips if (real.root / c.path).resolve() not in inside]
    else:
        names = set(held_out)
        if gone := sorted(names.difference(known)):
            note(f"{len(gone)} held-out clips are not in {real.root}: {some(gone)}")
        found = tuple(clip for clip in real.clips if clip.path in names)
        apart = replace(real, clips=found, rejected=())
        kept = [clip for clip in real.clips if clip.path not in names]
    if not kept:
        raise UserError(f"--real {real.root}: all of its clips are held out: give others beside")
    return replace(real, clips=tuple(kept)), apart if len(apart.clips) > 1 else None


@torch.no_grad()
def _listen(
    judge: Classifier, manifest: Manifest, name: str, kind: Kind, note: Callable[[str], None]
) -> EmbeddedSet:
    """Show the judge the beginning of every clip, as long as those it was trained on."""
    device = next(judge.parameters()).device
    note(f"listening to {name}: {counted(len(manifest.clips), 'clip')}")
    embeddings, guesses, labels = [], [], []
    for line in manifest.passed_over:
        note(f"{name}: {line}")
    left_out = list(manifest.rejected)
    for start in range(0, len(manifest.clips), BATCH):
        batch = []
        for clip in manifest.clips[start : start + BATCH]:
            try:
                batch.append(_read(clip, manifest.root, judge))
            except (UserError, OSError) as error:
                left_out.append(Rejected(clip.path, str(error)))
                continue
            labels.append(_label(clip, judge.labels))
        if batch:
            embeddings.append(judge(torch.stack(batch).to(device)))
            guesses.append(judge.guess(embeddings[-1]).double().softmax(1).cpu())
    for entry in left_out:
        note(f"left out of {name}: {printable(entry.path)}: {entry.reason}")
    if not embeddings:
        raise UserError(f"{name}: none of its clips can be read any more")
    return EmbeddedSet(
        name,
        kind,
        torch.cat(embeddings).cpu(),
        torch.cat(guesses),
        torch.tensor(labels),
        tuple(left_out),
    )


def _read(clip: Clip, root: Path, judge: Classifier) -> Tensor:
    audio = reading.crop(clip, root, judge.sample_rate, start=0, frames=judge.samples)
    return functional.pad(audio, (0, judge.samples - audio.shape[-1]))


def _label(clip: Clip, labels: Sequence[str]) -> int:
    """The label of a clip by its folder, else by its file's name; -1: it names none."""
    if clip.label in labels:
        return labels.index(clip.label)
    stem = PurePosixPath(clip.path).stem
    # hat_open_3 is of hat_open, also where there is a label hat
    fitting = [label for label in labels if stem == label or stem.startswith(f"{label}_")]
    return labels.index(max(fitting, key=len)) if fitting else -1


def _row(heard: EmbeddedSet, real: Tensor, part: int, scored: int) -> SetScore:
    parts = _deal(heard.embedding, part)
    known = heard.label >= 0
    accuracy = None
    if bool(known.any()):
        accuracy = ScoreOverParts(label_accuracy(heard.probabilities[known], heard.label[known]))

    def over_parts(name: str) -> ScoreOverParts:
        metric = _metric(name)
        return _figure([metric(each, real) for each in parts])

    splits = max(1, len(heard) // scored)
    mean, deviation = inception_score(heard.probabilities, splits)
    return SetScore(
        name=heard.name,
        kind=heard.kind,
        clips=len(heard),
        inception_score=ScoreOverParts(mean, deviation if splits > 1 else None),
        frechet=over_parts("frechet"),
        label_accuracy=accuracy,
        diversity=ScoreOverParts(_metric("diversity")(heard.embedding, real)),
        nearest_neighbour=ScoreOverParts(_metric("nearest_neighbour")(heard.embedding, real)),
        ndb=over_parts("ndb"),
        js=over_parts("js"),
    )


def _metric(name: str) -> SetMetric:
    metric: SetMetric = plugins.find("set_metrics", name)()
    return metric


def _deal(clips: Tensor, size: int) -> list[Tensor]:
    """Disjoint random parts of one size; what is left over is not used."""
    order = torch.randperm(len(clips), generator=torch.Generator().manual_seed(SEED))
    count = min(MOST_PARTS, len(clips) // size)
    return [clips[order[n * size : (n + 1) * size]] for n in range(count)]


def _figure(values: Sequence[float]) -> ScoreOverParts:
    return ScoreOverParts(fmean(values), pstdev(values) if len(values) > 1 else None)
