"""Which files a run trains on and which it holds out, written down once and kept for life.

`split.json` names them by their paths in the data folder, so it holds wherever that folder lies,
whatever is added to it, and whatever becomes of lists. Files that are gone stay in it: should they
come back, a held-out one is still held out.
"""

import json
from collections.abc import Collection, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from wavegan import atomic
from wavegan.data.manifest import Clip, Manifest, printable
from wavegan.data.split import Split
from wavegan.errors import UserError

FILE = "split.json"
SHOWN = 3


@dataclass(frozen=True)
class KeptSplit:
    """The two sets of a run by the paths of their files.

    Attributes:
        train: what trains.
        validation: what is held out.
        file: where it was read from.
    """

    train: frozenset[str]
    validation: frozenset[str]
    file: Path

    @classmethod
    def read(cls, run: Path) -> "KeptSplit | None":
        """What a run has written down; None: nothing, as before there was such a file.

        Raises:
            UserError: it is damaged.
        """
        file = run / FILE
        try:
            content = json.loads(file.read_text(encoding="utf-8"))
            return cls(_names(content["train"]), _names(content["validation"]), file)
        except FileNotFoundError:
            return None
        except (ValueError, KeyError, TypeError) as error:
            raise UserError(
                f"{file}: damaged ({error}), so what was held out is not known: restore it, or "
                "remove it to divide the files anew by data.validation"
            ) from None

    def divide(self, manifest: Manifest, *, listed: bool) -> tuple[Split, list[str]]:
        """Divide what a folder holds now.

        Args:
            manifest: the folder's.
            listed: whether a list says what trains; then new files do not, else they do.

        Returns:
            The two sets, and what there is to say of files that came or went.

        Raises:
            UserError: of one set nothing is left.
        """
        known = self.train | self.validation
        new = [clip for clip in manifest.clips if clip.path not in known]
        trains = self.train if listed else self.train | {clip.path for clip in new}
        split = Split(
            tuple(clip for clip in manifest.clips if clip.path in trains),
            tuple(clip for clip in manifest.clips if clip.path in self.validation),
        )
        self._require(manifest)
        return split, [*self._about_gone(manifest), *_about_new(new, listed)]

    def crossing(self, split: Split) -> list[str]:
        """What there is to say where another division takes this one's place."""
        heard = [clip.path for clip in split.validation if clip.path in self.train]
        unheard = [clip.path for clip in split.train if clip.path in self.validation]
        notes = []
        if heard:
            notes.append(
                f"{_some(heard)}: trained on so far, held out from here on: validation flatters"
            )
        if unheard:
            notes.append(f"{_some(unheard)}: held out so far, trained on from here on")
        return notes

    def _require(self, manifest: Manifest) -> None:
        there = {clip.path for clip in manifest.clips}
        for wanted, what in ((self.train, "trains on"), (self.validation, "holds out")):
            if wanted and not wanted & there:
                raise UserError(
                    f"data.folder {manifest.root} holds none of the {len(wanted)} files that this "
                    f"run {what} ({printable(min(wanted))}, …): give the folder that does, "
                    "data.folder=FOLDER"
                )

    def _about_gone(self, manifest: Manifest) -> list[str]:
        there = {clip.path for clip in manifest.clips}
        sets = ((self.train, "trained on"), (self.validation, "held out"))
        return [
            f"{_some(sorted(names - there))}: {what} so far, gone or not usable now"
            for names, what in sets
            if names - there
        ]


def write(run: Path, manifest: Manifest, split: Split, kept: KeptSplit | None) -> None:
    """Write down how a run's files are divided.

    Args:
        run: the run's folder.
        manifest: what is there.
        split: which of it trains, which is held out.
        kept: the division before; of files that are gone for now it still holds.
    """
    there = {clip.path for clip in manifest.clips}
    train = {clip.path for clip in split.train} | (kept.train - there if kept else set())
    held = {clip.path for clip in split.validation} | (kept.validation - there if kept else set())
    content = {"train": sorted(train), "validation": sorted(held)}
    # ASCII: paths may hold bytes that are not UTF-8
    atomic.text(run / FILE, json.dumps(content, indent=0) + "\n")


def _names(entries: Any) -> frozenset[str]:
    if not isinstance(entries, list) or not all(isinstance(entry, str) for entry in entries):
        raise ValueError("it is no list of paths")
    return frozenset(entries)


def _about_new(clips: Sequence[Clip], listed: bool) -> list[str]:
    where = "data.train lists others, so they are left out" if listed else "they train"
    return [f"{_some([clip.path for clip in clips])}: new; {where}"] if clips else []


def _some(names: Collection[str]) -> str:
    """How many files, and the first few by name."""
    first = ", ".join(printable(name) for name in sorted(names)[:SHOWN])
    more = ", …" if len(names) > SHOWN else ""
    return f"{len(names)} file{'s' if len(names) != 1 else ''} ({first}{more})"
