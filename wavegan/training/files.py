"""Find the files of a run: audio, given mels, and the split into training and held-out clips."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from torch import Tensor

from wavegan import bounded_pattern
from wavegan.audio.resample import REACH
from wavegan.conditions import MEL
from wavegan.counted import counted
from wavegan.data import clips as reading
from wavegan.data.manifest import Clip, Manifest, Rejected, printable
from wavegan.data.mels import Mels, pair
from wavegan.data.scan import scan
from wavegan.data.segments import Conditioner, Item, Segments
from wavegan.data.split import Split, split
from wavegan.data.stretch import pieces
from wavegan.errors import UserError
from wavegan.recipe import Recipe
from wavegan.training import data_notes
from wavegan.training.history import History
from wavegan.validation.base import HeldOut
from wavegan.validation.clips import readable

LEAST_GAP = 0.1
"""Minimum unused gap on each side of a held-out stretch, seconds."""


@dataclass(frozen=True)
class Files:
    """The data of a run.

    Attributes:
        manifest: the folder of audio; with mels, clips without a mel are rejected.
        split: training and held-out clips.
        mels: a TTS model's mels of the clips, or None.
        notes: notes about the data, one line each.
    """

    manifest: Manifest
    split: Split
    mels: Mels | None
    notes: tuple[str, ...] = ()


def find(recipe: Recipe, history: History | None = None) -> Files:
    """Scan the folder of audio, pair it with mels if given, and split it.

    Args:
        recipe: names the folders.
        history: of a resumed run: its split is used, and lists are not read again.

    Raises:
        UserError: a folder or a list of files is not usable.
    """
    data, mel = recipe.data, recipe.front_end()
    if data.folder is None:
        raise UserError("data.folder is not set: give the folder of audio")
    if history and history.run and not data.folder.exists():
        raise UserError(
            f"data folder {data.folder} of {history.run}: it does not exist any more: give its new "
            "path, data.folder=FOLDER"
        )
    manifest, mels = scan(data.folder), None
    if "names" in (data.labels, data.label_from):
        manifest = _named(manifest, data.label_pattern)
    if data.mels is not None:
        if mel is None:
            raise UserError("data.mels is set, but mel is null: give the front-end of these mels")
        manifest, mels = pair(replace(manifest, own=()), data.mels, mel)
    chosen = history.division(manifest, data) if history else None
    if chosen is None:
        chosen = split(
            manifest,
            validation=data.validation,
            train=data.train,
            by_label=data.labels is not None,
            gap=_gap(manifest, recipe) if data.align == "random" else None,
            as_before=history is not None and history.has_no_split,
        )
    notes = data_notes.of(recipe, manifest, chosen)
    return Files(manifest, chosen, mels, (*manifest.passed_over, *chosen.notes, *notes))


def _gap(manifest: Manifest, recipe: Recipe) -> float:
    """Seconds of gap around a held-out stretch: wider than a mel frame plus the resampling filter.

    So no training crop or mel frame contains held-out samples.
    """
    rate, mel = recipe.sample_rate(), recipe.front_end()
    lowest = min(rate, *(clip.sample_rate for clip in manifest.clips))
    frame = 0.0 if mel is None else mel.n_fft / mel.sample_rate
    return max(LEAST_GAP, frame + REACH / lowest)


def segments(recipe: Recipe, files: Files, conditioner: Conditioner | None = None) -> Segments:
    """The training crops, with the conditions that the task's conditioner makes."""
    return Segments(
        files.split.train,
        files.manifest.root,
        sample_rate=recipe.sample_rate(),
        segment=recipe.data.segment,
        channels=recipe.audio.channels,
        peak=recipe.data.peak,
        seed=recipe.training.seed,
        mels=files.mels,
        labels=recipe.data.labels or None,
        balance=recipe.data.balance,
        align=recipe.data.align,
        conditioner=conditioner,
    )


def held_out_segments(
    recipe: Recipe, files: Files, conditioner: Conditioner | None = None
) -> Segments | None:
    """Crops of the held-out clips, or None if nothing is held out."""
    if not files.split.validation:
        return None
    held_out = replace(files, split=replace(files.split, train=files.split.validation))
    return segments(recipe, held_out, conditioner)


def sample(segments: Segments, count: int) -> Iterator[Tensor]:
    """The first `count` crops of an epoch (or fewer), `(1, C, T)` each."""
    for number in range(min(count, len(segments))):
        yield segments[number].audio[None]


def labels(files: Files, source: str) -> tuple[str, ...]:
    """The labels of training files, sorted.

    Args:
        files: the files.
        source: "folders" or "names".

    Raises:
        UserError: there is only one label, files are in no folder, or a label is only held out.
    """
    names = sorted({clip.label for clip in files.split.train})
    strange = sorted({clip.label for clip in files.split.validation} - set(names))
    if strange:
        raise UserError(
            f"data.labels: no file of {printable(strange[0])!r} is left for training: add files to "
            "it, or hold out fewer (data.validation)"
        )
    if len(names) > 1 and "" not in names:
        return tuple(names)
    problem = "some are in no folder" if "" in names else f"all are {printable(names[0])!r}"
    raise UserError(
        f"data.labels is {source}, so the labels come from the {source} of the files in "
        f"{files.manifest.root}, but {problem}: sort the files into folders, or set "
        "data.labels=null"
    )


def _named(manifest: Manifest, pattern: str) -> Manifest:
    """Label clips by their file names; reject those without a label."""
    names = [Path(clip.path).name for clip in manifest.clips]
    labels = bounded_pattern.groups(pattern, names, "data.label_pattern")
    found = list(zip(manifest.clips, labels, strict=True))
    kept = tuple(replace(clip, label=label) for clip, label in found if label)
    missing = tuple(
        Rejected(clip.path, f"no label in its name (data.label_pattern is {pattern!r})")
        for clip, label in found
        if not label
    )
    if not kept:
        raise UserError(
            f"data.labels is names, but data.label_pattern {pattern!r} finds no label in the names "
            f"of {counted(len(missing), 'file')} in {manifest.root}: give another pattern"
        )
    return replace(manifest, clips=kept, rejected=manifest.rejected + missing, own=())


def held_out(recipe: Recipe, files: Files, conditioner: Conditioner | None = None) -> list[HeldOut]:
    """The validation clips, with their mels if given."""
    count = recipe.training.validation_clips
    return _read_whole(recipe, files, files.split.validation, count, conditioner)


def shown(recipe: Recipe, files: Files, conditioner: Conditioner | None = None) -> list[HeldOut]:
    """The first training clips, for previews if nothing is held out."""
    count = recipe.training.previews
    return _read_whole(recipe, files, files.split.train, count, conditioner)


def _read_whole(
    recipe: Recipe,
    files: Files,
    clips: Sequence[Clip],
    count: int,
    conditioner: Conditioner | None,
) -> list[HeldOut]:
    """Read `count` clips of at most `data.validation_seconds`; a long stretch gives several."""
    seconds, mels, rate = recipe.data.validation_seconds, files.mels, recipe.sample_rate()
    parts = [part for clip in clips for part in pieces(clip, seconds)]

    def read(clip: Clip) -> HeldOut:
        start = reading.offset(clip, rate)
        skipped = mels.on_frame(start) - start if mels else 0
        audio = reading.crop(
            clip,
            files.manifest.root,
            rate,
            recipe.audio.channels,
            recipe.data.peak,
            start=skipped,
            frames=int(seconds * rate),
        )
        known: dict[str, Tensor] = {}
        if mels:
            known[MEL] = mels.first(clip.path, audio.shape[-1], start + skipped)
        if conditioner is not None:
            item = Item(audio, parts.index(clip), clip.path, known, start=start + skipped)
            known |= conditioner(item)
        return HeldOut(Path(clip.path).stem, audio, known)

    return readable(parts, read, count)
