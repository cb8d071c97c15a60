"""Split clips into training and validation: whole files, or a stretch of a file if too few."""

import hashlib
import math
import unicodedata
from collections import Counter, defaultdict
from collections.abc import Collection, Sequence
from dataclasses import dataclass
from pathlib import Path

from wavegan.counted import counted
from wavegan.data import file_list
from wavegan.data.file_list import some
from wavegan.data.manifest import Clip, Manifest, printable
from wavegan.data.stretch import cut
from wavegan.errors import UserError

SHARE = 0.05
"""Share of a file that is held out as a stretch if `validation` is a number of files."""


@dataclass(frozen=True, slots=True)
class Split:
    """Two disjoint sets of clips, each in the manifest's order.

    Attributes:
        train: never empty; if a stretch is held out, includes the rest of its file.
        validation: empty if nothing is held out.
        notes: notes for the user, one line each.
    """

    train: tuple[Clip, ...]
    validation: tuple[Clip, ...]
    notes: tuple[str, ...] = ()


def split(
    manifest: Manifest,
    *,
    validation: float | Path,
    train: Path | None = None,
    by_label: bool = False,
    gap: float | None = None,
    option: str = "data.validation",
    as_before: bool = False,
) -> Split:
    """Split the clips of a manifest into training and validation.

    Files are drawn in the order of the hashes of their relative paths. So the split does not depend
    on the path of the folder, and if files are added, few others change sides: only those at the
    border of the share.

    Args:
        manifest: the folder's clips.
        validation: a number of files; a share in (0, 1), rounded to files, at least one; 0 for
            none; or a list (`file_list`).
        train: a list of training files. Without it, all files that are not held out train; with it
            and a number, validation files are drawn from the files that are not in the list.
        by_label: draw a proportional part of every label, and leave each label at least one file
            for training.
        gap: seconds between a held-out stretch and training audio. If no whole file can be spared,
            a stretch of a file is held out; None: then nothing is held out.
        option: the field or option that `validation` comes from, for errors.
        as_before: draw files like runs that did not record their split yet: never by label, and for
            a share each file by its own hash.

    Lists may name files that the scan rejected; these are left out. Audio that wavegan made is used
    if it is listed.

    Raises:
        UserError: a list names missing files, both lists name the same file, or one of the sets
            would be empty.
    """
    listed = None if train is None else _listed(train, manifest, "data.train")
    if isinstance(validation, (str, Path)):
        chosen = _listed(Path(validation), manifest, option)
        return _divided(manifest, listed, chosen, validation, train, option)
    _check(validation, option)
    if not validation:
        return _divided(manifest, listed, frozenset(), validation, train, option)
    if listed is None and not as_before and not _spare(manifest.clips, by_label):
        return _stretched(manifest, validation, gap, by_label)
    free = [clip for clip in manifest.clips if listed is None or clip.path not in listed]
    if as_before:
        earlier = _draw_as_before(free, validation)
        return _divided(manifest, listed, earlier, validation, train, option)
    wanted = _count(validation, len(free), spared=listed is None)
    chosen = _draw(free, wanted, by_label, spared=listed is None)
    notes = () if listed is not None or not by_label else _about_labels(free, wanted, chosen)
    return _divided(manifest, listed, chosen, validation, train, option, notes)


def _check(validation: float, option: str) -> None:
    whole = isinstance(validation, int) and not isinstance(validation, bool)
    if not (0 <= validation < 1 or (whole and validation > 0)) or isinstance(validation, bool):
        raise UserError(
            f"{option} is {validation}: give a whole number of files (1 or more), "
            "a share between 0 and 1, a list file, or 0 to hold out nothing"
        )


def _spare(clips: Sequence[Clip], by_label: bool) -> int:
    """How many whole files can be held out so that one is left (of each label if `by_label`)."""
    return len(clips) - (len({clip.label for clip in clips}) if by_label else 1)


def _count(validation: float, free: int, *, spared: bool) -> int:
    if isinstance(validation, int):
        return validation
    wanted = max(1, math.floor(validation * free + 0.5))
    return min(wanted, free - 1) if spared else wanted


def _draw(clips: Sequence[Clip], count: int, by_label: bool, *, spared: bool) -> frozenset[str]:
    """Choose validation files by the hash of their path; `spared` leaves one of each label.

    Labels get a number of files in proportion to their size, by Sainte-Laguë's method.
    """
    groups: dict[str, list[str]] = defaultdict(list)
    for clip in sorted(clips, key=lambda clip: (_place(clip.path), clip.path)):
        groups[clip.label if by_label else ""].append(clip.path)
    kept = 1 if spared and by_label else 0
    seats = sorted(
        ((rank + 0.5) / len(group), _place(path), path)
        for group in groups.values()
        for rank, path in enumerate(group[: len(group) - kept])
    )
    return frozenset(path for _, _, path in seats[:count])


def _draw_as_before(clips: Sequence[Clip], validation: float) -> frozenset[str]:
    placed = sorted((_place(clip.path), clip.path) for clip in clips)
    if isinstance(validation, int):
        return frozenset(path for _, path in placed[:validation])
    drawn = frozenset(path for place, path in placed if place < validation)
    return drawn or frozenset(path for _, path in placed[:1])


def _place(path: str) -> float:
    """Map a relative path to [0, 1), uniformly; this must never change."""
    # macOS returns decomposed names: a file must not change sides when a folder is copied
    name = unicodedata.normalize("NFC", path).encode("utf-8", "surrogatepass")
    return int.from_bytes(hashlib.sha256(name).digest()[:6], "big") / 2**48


def _about_labels(clips: Sequence[Clip], wanted: int, chosen: Collection[str]) -> tuple[str, ...]:
    notes = []
    if len(chosen) < wanted:
        notes.append(
            f"{counted(len(chosen), 'file is', 'files are')} held out, not {wanted}: each label "
            "keeps at least one file for training"
        )
    files = Counter(clip.label for clip in clips)
    single = sorted(printable(label) for label, count in files.items() if count == 1)
    if single:
        notes.append(f"nothing is held out of labels with only one file: {some(single)}")
    return tuple(notes)


def _stretched(manifest: Manifest, validation: float, gap: float | None, by_label: bool) -> Split:
    """Hold out stretches of files, because no whole file can be spared, or nothing."""
    share, most = (SHARE, validation) if isinstance(validation, int) else (validation, math.inf)
    train: list[Clip] = []
    held: list[Clip] = []
    in_turn = sorted(manifest.clips, key=lambda clip: (_place(clip.path), clip.path))
    for clip in in_turn:
        divided = cut(clip, share, gap) if gap is not None and len(held) < most else None
        train += [clip] if divided is None else divided[0]
        held += [] if divided is None else [divided[1]]
    files = len(manifest.clips)
    why = "each label has only one file" if by_label and files > 1 else "there is only one file"
    notes = [_held_out(clip) for clip in held]
    if held:
        unused = f"{gap:.2f} s on each side of it are not used"
        notes.insert(0, f"{why}, so a stretch of it is held out; {unused}")
    elif gap is not None:
        notes.append(f"{why}, which is too short to hold out a stretch of it")
    else:
        notes.append(f"{why}, so nothing is held out")
    return Split(_in_order(train), _in_order(held), tuple(notes))


def _held_out(clip: Clip) -> str:
    first, last = clip.start / clip.sample_rate, (clip.start + clip.frames) / clip.sample_rate
    return f"held out: {first:.2f} s to {last:.2f} s of {printable(clip.path)}"


def _in_order(clips: Sequence[Clip]) -> tuple[Clip, ...]:
    return tuple(sorted(clips, key=lambda clip: (clip.path, clip.start)))


def _listed(file: Path, manifest: Manifest, option: str) -> frozenset[str]:
    """The paths of the usable clips that a list names."""
    usable = [clip.path for clip in (*manifest.clips, *manifest.own)]
    paths = [*usable, *(entry.path for entry in manifest.rejected)]
    return frozenset(file_list.files_of(file, f"{option} list", manifest.root, paths)) & set(usable)


def _divided(
    manifest: Manifest,
    listed: frozenset[str] | None,
    chosen: frozenset[str],
    validation: float | Path,
    train: Path | None,
    option: str,
    notes: tuple[str, ...] = (),
) -> Split:
    every = sorted((*manifest.clips, *manifest.own), key=lambda clip: clip.path)
    kept = {clip.path for clip in manifest.clips} - chosen if listed is None else listed
    if both := sorted(kept & chosen):
        raise UserError(
            f"the lists data.train and {option} both name {some(both)}: keep each file in one list"
        )
    result = Split(
        tuple(clip for clip in every if clip.path in kept),
        tuple(clip for clip in every if clip.path in chosen),
        notes,
    )
    of = f"the {len(manifest.clips)} usable files under {manifest.root}"
    if not result.validation and validation:
        left = "" if train is None else f" that are not in the train list {train}"
        raise UserError(
            f"{option}: {validation} selects none of {of}{left}: give a number of files, a "
            "larger share, a list of existing files, or 0 to hold out nothing"
        )
    if not result.train:
        cause = f"data.train list {train} selects" if train else f"{option}: {validation} leaves"
        raise UserError(f"{cause} none of {of} for training: add files, or hold out fewer")
    return result
