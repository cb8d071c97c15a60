"""Store the split of a run: which files train and which are held out, for the run's life.

`split.json` has paths relative to the data folder, so it stays valid if that folder is moved, if
files are added, or if lists change. Missing files stay in it: a held-out file that comes back is
still held out. So is a renamed one, which is recognized by its samples.
"""

import json
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Annotated, Any, NamedTuple

from pydantic import BaseModel, Field

from wavegan import atomic, json_file
from wavegan.counted import counted
from wavegan.data.manifest import Clip, Manifest, printable
from wavegan.data.split import Split
from wavegan.errors import UserError
from wavegan.training.renamed import renames

FILE = "split.json"
SHOWN = 3
LONGEST = 1 << 30
"""Maximum size in bytes: millions of names."""

_Samples = Annotated[int, Field(ge=0, le=10**15)]
_Named = json_file.Name | tuple[json_file.Name, _Samples, Annotated[int, Field(ge=1, le=10**15)]]


class _File(BaseModel):
    train: list[_Named]
    validation: list[_Named]
    left_out: list[_Named]
    content: dict[json_file.Name, Annotated[str, Field(max_length=64)]] = {}
    measured: Annotated[str, Field(max_length=64)] = ""


class Entry(NamedTuple):
    """A file (`frames` is None), or a stretch of `frames` samples from `start`."""

    path: str
    start: int = 0
    frames: int | None = None

    def of(self, clip: Clip) -> Clip | None:
        """The part of its file that it names; None if the file is now too short."""
        if self.frames is None:
            return clip
        fits = self.start + self.frames <= clip.frames
        return replace(clip, start=self.start, frames=self.frames) if fits else None

    def overlaps(self, other: "Entry") -> bool:
        """Whether two entries overlap."""
        ends = [e.start + e.frames if e.frames else float("inf") for e in (self, other)]
        return self.path == other.path and self.start < ends[1] and other.start < ends[0]


@dataclass(frozen=True)
class KeptSplit:
    """The split of a run, by file names.

    Attributes:
        train: training files.
        validation: held-out files.
        left_out: files in neither set, because lists did not name them.
        content: checksum of each file's samples, by path; empty in runs of older versions.
        measured: fingerprint of the last validation clips, see `measured.fingerprint`; "" in runs
            of older versions.
    """

    train: frozenset[Entry]
    validation: frozenset[Entry]
    left_out: frozenset[Entry] = frozenset()
    content: Mapping[str, str] = field(default_factory=dict)
    measured: str = ""

    @classmethod
    def read(cls, run: Path) -> "KeptSplit | None":
        """Read the split of a run; None if it has none (older versions).

        Raises:
            UserError: the file is damaged.
        """
        file = run / FILE
        try:
            known = json_file.read(file, _File, LONGEST)
        except FileNotFoundError:
            return None
        except UserError as error:
            raise UserError(
                f"{file}: damaged ({error.reason}), so the held-out files are unknown: restore it, "
                "or remove it to split the files again by data.validation"
            ) from None
        train, held = _entries(known.train), _entries(known.validation)
        return cls(train, held, _entries(known.left_out), known.content, known.measured)

    def following(self, manifest: Manifest) -> tuple["KeptSplit", dict[str, str]]:
        """The split with the files' current names, and the new names by the old ones.

        A file that was replaced by another one of the same name, and is gone, is forgotten.
        """
        held = sorted({entry.path for entry in self.validation})
        others = sorted({entry.path for entry in self.train | self.left_out} - set(held))
        moved = renames([*held, *others], self.content, (*manifest.clips, *manifest.own))
        replaced = set(moved.values()) - moved.keys()

        def now(entries: Iterable[Entry]) -> frozenset[Entry]:
            kept = (entry for entry in entries if entry.path not in replaced)
            return frozenset(e._replace(path=moved.get(e.path, e.path)) for e in kept)

        content = {
            moved.get(path, path): sum_
            for path, sum_ in self.content.items()
            if path not in replaced
        }
        sets = (now(self.train), now(self.validation), now(self.left_out))
        return KeptSplit(*sets, content, self.measured), moved

    def divide(self, manifest: Manifest, *, listed: bool) -> Split:
        """Split the current files; its notes report files that are new or missing.

        Args:
            manifest: the current files.
            listed: whether a list names the training files: new files are then left out, otherwise
                they train.

        Raises:
            UserError: nothing is left of a set.
        """
        now, moved = self.following(manifest)
        return now.divide_named(manifest, listed=listed, notes=self._about_moved(moved))

    def divide_named(self, manifest: Manifest, *, listed: bool, notes: Sequence[str]) -> Split:
        """The same, for a split with current names; `notes` come before other notes.

        Raises:
            UserError: nothing is left of a set.
        """
        train, held = self._there(self.train, manifest), self._there(self.validation, manifest)
        for entries, clips, what in (
            (self.train, train, "trains on"),
            (self.validation, held, "holds out"),
        ):
            if entries and not clips:
                raise UserError(
                    f"data.folder {manifest.root} has none of the files that this run {what} "
                    f"({_some({entry.path for entry in entries})}): give the folder that has them, "
                    "data.folder=FOLDER"
                )
        known = {entry.path for entry in self.train | self.validation | self.left_out}
        unseen = [clip for clip in manifest.clips if clip.path not in known]
        kept_back = {self.content.get(entry.path, "") for entry in self.validation} - {""}
        copies = {clip.path for clip in unseen if clip.content in kept_back}
        new = [clip for clip in unseen if clip.path not in copies]
        notes = (
            *notes,
            *_about_copies(copies),
            *_about_gone(self.train, train, "trained on"),
            *_about_gone(self.validation, held, "held out"),
            *_about_new(new, listed),
            *self._about_other((*train, *held)),
        )
        return Split(_in_order([*train, *([] if listed else new)]), _in_order(held), notes)

    def held_out_changed(self, split: Split) -> bool:
        """Whether the held-out files, or the audio in them, changed."""
        if {clip.path for clip in split.validation} != {entry.path for entry in self.validation}:
            return True
        return bool(self._about_other(split.validation))

    def crossing(self, split: Split) -> list[str]:
        """Notes about files that change sides when a new split replaces this one."""
        to_validation = _overlapping(split.validation, self.train)
        to_train = _overlapping(split.train, self.validation)
        notes = []
        if to_validation:
            notes.append(
                f"{_some(to_validation)}: trained on so far, held out from now on: validation "
                "results will be too good"
            )
        if to_train:
            notes.append(f"{_some(to_train)}: held out so far, trained on from now on")
        return notes

    def _about_moved(self, moved: Mapping[str, str]) -> list[str]:
        """A note about renamed held-out files; other renamed files change nothing."""
        held = {entry.path for entry in self.validation} & moved.keys()
        if not held:
            return []
        old = min(held)
        return [
            f"{_some({moved[path] for path in held})}: renamed ({printable(old)} is now "
            f"{printable(moved[old])}), still held out"
        ]

    def _about_other(self, clips: Iterable[Clip]) -> list[str]:
        """A note about files with the same name but other audio."""
        known = ((clip, self.content.get(clip.path)) for clip in clips)
        other = {clip.path for clip, sum_ in known if sum_ and clip.content not in ("", sum_)}
        what = "the audio under this name changed, so training differs from now on"
        return [f"{_some(other)}: {what}"] if other else []

    @staticmethod
    def _there(entries: Iterable[Entry], manifest: Manifest) -> list[Clip]:
        clips = {clip.path: clip for clip in (*manifest.clips, *manifest.own)}
        found = (entry.of(clips[entry.path]) for entry in entries if entry.path in clips)
        return [clip for clip in found if clip is not None]


def write(
    run: Path, manifest: Manifest, split: Split, kept: KeptSplit | None, measured: str = ""
) -> None:
    """Write the split of a run.

    Args:
        run: the run's folder.
        manifest: the current files.
        split: their split.
        kept: the earlier split; still valid for files that are missing now.
        measured: what validation measures from now on, see `measured.fingerprint`.
    """
    kept = kept and kept.following(manifest)[0]
    whole = {clip.path: clip for clip in (*manifest.clips, *manifest.own)}

    def named(clips: Sequence[Clip], before: Iterable[Entry]) -> list[Any]:
        entries = [
            Entry(clip.path) if clip == whole[clip.path] else Entry(*_place(clip)) for clip in clips
        ]
        entries += [entry for entry in before if entry.path not in whole]
        return [e.path if e.frames is None else list(e) for e in sorted(entries)]

    used = {clip.path for clip in (*split.train, *split.validation)}
    unused = [clip for clip in manifest.clips if clip.path not in used]
    content = {
        "train": named(split.train, kept.train if kept else ()),
        "validation": named(split.validation, kept.validation if kept else ()),
        "left_out": named(unused, kept.left_out if kept else ()),
        "content": (dict(kept.content) if kept else {})
        | {path: clip.content for path, clip in sorted(whole.items()) if clip.content},
        "measured": measured,
    }
    # ASCII: paths may hold bytes that are not UTF-8
    atomic.text(run / FILE, json.dumps(content, indent=0) + "\n")


def _place(clip: Clip) -> tuple[str, int, int]:
    return clip.path, clip.start, clip.frames


def _entries(values: list[_Named]) -> frozenset[Entry]:
    return frozenset(Entry(v) if isinstance(v, str) else Entry(*v) for v in values)


def _overlapping(clips: Sequence[Clip], entries: Collection[Entry]) -> set[str]:
    """The files in which a clip and an entry overlap."""
    by_path: dict[str, list[Entry]] = {}
    for entry in entries:
        by_path.setdefault(entry.path, []).append(entry)
    return {
        clip.path
        for clip in clips
        if any(entry.overlaps(Entry(*_place(clip))) for entry in by_path.get(clip.path, []))
    }


def _about_gone(entries: Iterable[Entry], clips: Sequence[Clip], what: str) -> list[str]:
    gone = {entry.path for entry in entries} - {clip.path for clip in clips}
    return [f"{_some(gone)}: {what} so far, now missing or not usable"] if gone else []


def _about_copies(paths: Collection[str]) -> list[str]:
    what = "new, but copies of held-out files, so left out"
    return [f"{_some(paths)}: {what}"] if paths else []


def _about_new(clips: Sequence[Clip], listed: bool) -> list[str]:
    what = "left out, as data.train does not list them" if listed else "used for training"
    return [f"{_some({clip.path for clip in clips})}: new, {what}"] if clips else []


def _in_order(clips: Sequence[Clip]) -> tuple[Clip, ...]:
    return tuple(sorted(clips, key=lambda clip: (clip.path, clip.start)))


def _some(names: Collection[str]) -> str:
    """The number of files, and the first few names."""
    first = ", ".join(printable(name) for name in sorted(names)[:SHOWN])
    more = ", …" if len(names) > SHOWN else ""
    return f"{counted(len(names), 'file')} ({first}{more})"
