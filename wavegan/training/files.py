"""The files of a run: the audio, mels beside it, which of them train and which are held out."""

import re
from collections.abc import Iterator
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from torch import Tensor

from wavegan.audio.mel import Mel
from wavegan.data.clips import whole
from wavegan.data.manifest import Clip, Manifest, Rejected, printable
from wavegan.data.mels import TOLERANCE, Mels, pair
from wavegan.data.scan import scan
from wavegan.data.segments import Segments
from wavegan.data.split import Split, split
from wavegan.errors import UserError
from wavegan.recipe import Recipe
from wavegan.training.kept_split import KeptSplit
from wavegan.training.log import Listener
from wavegan.training.validate import HeldOut

SHOWN = 3


@dataclass(frozen=True)
class Files:
    """What a run reads.

    Attributes:
        manifest: what the folder of audio holds; with mels, clips without one are rejected.
        split: which clips train and which are held out.
        mels: a TTS model's mels of the clips, or None.
        changed: what came or went since the run began, a line each.
    """

    manifest: Manifest
    split: Split
    mels: Mels | None
    changed: tuple[str, ...] = ()


def find(recipe: Recipe, mel: Mel, kept: KeptSplit | None = None) -> Files:
    """Scan the folder of audio, pair it with mels where there are some, and split it.

    Args:
        recipe: says where they are.
        mel: the front-end.
        kept: how a run that goes on has divided them; its lists are not read again.

    Raises:
        UserError: a folder or a list of files is not usable.
    """
    data = recipe.data
    if data.folder is None:
        raise UserError("data.folder is not set: give the folder of audio")
    manifest, mels = scan(data.folder), None
    if "names" in (data.labels, data.label_from):
        manifest = _named(manifest, data.label_pattern)
    if data.mels is not None:
        manifest, mels = pair(manifest, data.mels, mel)
    if kept is not None:
        divided, changed = kept.divide(manifest, listed=data.train is not None)
        return Files(manifest, divided, mels, tuple(changed))
    return Files(manifest, split(manifest, validation=data.validation, train=data.train), mels)


def introduce(files: Files, listener: Listener) -> None:
    """Say what was found, and name every file that is left out or odd, once."""
    manifest, chosen = files.manifest, files.split
    listener.note(
        f"{manifest.root}: {len(chosen.train)} files to train on ({_hours(chosen.train):.2f} h), "
        f"{len(chosen.validation)} held out, {len(manifest.rejected)} not usable"
    )
    if files.mels is not None:
        listener.note(_about(files.mels))
    for entry in manifest.rejected:
        listener.note(f"not usable: {printable(entry.path)}: {entry.reason}")
    for line in files.changed:
        listener.note(line)
    for notice in manifest.notices:
        listener.note(f"note: {printable(notice.path)}: {notice.reason}")


def describe(files: Files) -> dict[str, Any]:
    """What was found, as numbers and names."""
    facts: dict[str, Any] = {
        "training_files": len(files.split.train),
        "training_hours": round(_hours(files.split.train), 3),
        "validation_files": len(files.split.validation),
        "not_usable": [f"{entry.path}: {entry.reason}" for entry in files.manifest.rejected],
    }
    if files.mels is None:
        return facts
    return facts | {
        "mels_paired": len(files.mels.of),
        "mels_a_frame_off": files.mels.uneven,
        "mels_without_audio": len(files.mels.orphans),
    }


def segments(recipe: Recipe, mel: Mel, files: Files) -> Segments:
    """The crops that train."""
    return Segments(
        files.split.train,
        files.manifest.root,
        sample_rate=mel.sample_rate,
        segment=recipe.data.segment,
        channels=recipe.data.channels,
        peak=recipe.data.peak,
        seed=recipe.training.seed,
        mels=files.mels,
        labels=recipe.data.labels or None,
        balance=recipe.data.balance,
        align=recipe.data.align,
    )


def held_out_segments(recipe: Recipe, mel: Mel, files: Files) -> Segments:
    """Crops of the clips that are held out."""
    held_out = replace(files, split=replace(files.split, train=files.split.validation))
    return segments(recipe, mel, held_out)


def sample(segments: Segments, count: int) -> Iterator[Tensor]:
    """The first crops of an epoch, `(1, C, T)` each; as many as there are, or `count`."""
    for number in range(min(count, len(segments))):
        yield segments[number].audio[None]


def labels(files: Files, source: str) -> tuple[str, ...]:
    """The labels of training files, sorted.

    Args:
        files: what was found.
        source: "folders" or "names".

    Raises:
        UserError: there is but one, files lie in no folder, or a label is only held out.
    """
    names = sorted({clip.label for clip in files.split.train})
    strange = sorted({clip.label for clip in files.split.validation} - set(names))
    if strange:
        raise UserError(
            f"data.labels: no file of {printable(strange[0])!r} is left to train on: add files to "
            "it, or hold out fewer (data.validation)"
        )
    if len(names) > 1 and "" not in names:
        return tuple(names)
    where = "some lie in none" if "" in names else f"all are {printable(names[0])!r}"
    raise UserError(
        f"data.labels is {source}, so the {source} of {files.manifest.root} have to tell the "
        f"labels apart, but {where}: sort them into folders, or set data.labels=null"
    )


def _named(manifest: Manifest, pattern: str) -> Manifest:
    """The clips with the labels in their names; those without one among the rejected."""
    found = [(clip, re.search(pattern, Path(clip.path).name)) for clip in manifest.clips]
    kept = tuple(replace(clip, label=match[1]) for clip, match in found if match and match[1])
    missing = tuple(
        Rejected(clip.path, f"no label in its name (data.label_pattern is {pattern!r})")
        for clip, match in found
        if not (match and match[1])
    )
    if not kept:
        raise UserError(
            f"data.labels is names, but data.label_pattern {pattern!r} finds a label in none of "
            f"the {len(missing)} files of {manifest.root}: give another pattern"
        )
    return replace(manifest, clips=kept, rejected=manifest.rejected + missing)


def held_out(recipe: Recipe, mel: Mel, files: Files) -> list[HeldOut]:
    """The clips to validate with, each with its mel where there is one."""
    longest = int(recipe.data.validation_seconds * mel.sample_rate)

    def read(clip: Clip) -> HeldOut:
        audio = whole(
            clip, files.manifest.root, mel.sample_rate, recipe.data.channels, recipe.data.peak
        )[:, :longest]
        given = files.mels.first(clip.path, audio.shape[-1]) if files.mels else None
        return HeldOut(Path(clip.path).stem, audio, given)

    return [read(clip) for clip in files.split.validation[: recipe.training.validation_clips]]


def _hours(clips: tuple[Clip, ...]) -> float:
    return sum(clip.seconds for clip in clips) / 3600


def _about(mels: Mels) -> str:
    text = f"{mels.root}: {len(mels.of)} mels paired with audio"
    if mels.uneven:
        text += (
            f", {mels.uneven} of them {TOLERANCE} frame longer or shorter than it (the longer of "
            "the two is cut)"
        )
    if mels.orphans:
        named = ", ".join(printable(path) for path in mels.orphans[:SHOWN])
        more = f" and {len(mels.orphans) - SHOWN} more" if len(mels.orphans) > SHOWN else ""
        text += f"; {len(mels.orphans)} without audio: {named}{more}"
    return text
