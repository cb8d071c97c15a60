"""Pair the clips of several folders by name, and draw those that a test uses."""

import random
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from wavegan.data.manifest import Clip, printable
from wavegan.data.pairs import LeftOut, ambiguous, by_name
from wavegan.data.scan import scan
from wavegan.errors import UserError

REFERENCE = "reference"
ANCHORS = {"anchor 3.5 kHz": 3500.0, "anchor 7 kHz": 7000.0}
"""Low-pass filtered references: name to cut-off in Hz."""


@dataclass(frozen=True)
class Source:
    """A folder of one system's clips.

    Attributes:
        name: of the system, in results.
        root: the folder.
        clips: usable clips by relative path without extension.
    """

    name: str
    root: Path
    clips: Mapping[str, Clip]


def names(folders: Sequence[Path]) -> list[str]:
    """Names of systems: the folder's name, or its path if that name is taken.

    Raises:
        UserError: a folder is given twice, or has the name of the reference or an anchor.
    """
    own = [folder.resolve().name for folder in folders]
    found = []
    for folder, name in zip(folders, own, strict=True):
        taken = own.count(name) > 1 or name == REFERENCE or name in ANCHORS
        found.append(str(folder) if taken else name)
    for folder, name in zip(folders, found, strict=True):
        if name == REFERENCE or name in ANCHORS:
            raise UserError(f"{folder}: the name {name!r} is reserved; rename the folder")
        if [f.resolve() for f in folders].count(folder.resolve()) > 1:
            raise UserError(f"{folder}: given twice; give each system once")
    return found


def open_source(name: str, root: Path, left_out: list[LeftOut]) -> Source:
    """Find a folder's clips; broken or ambiguous ones are added to `left_out`."""
    manifest = scan(root, keep_own=True)
    left_out += [LeftOut(name, printable(str(root)), line) for line in manifest.passed_over]
    for bad in manifest.rejected:
        left_out.append(LeftOut(name, printable(bad.path), bad.reason))
    whole = {}
    for clip in manifest.clips:
        if clip.damage:
            why = f"damaged or truncated: {clip.damage}"
            left_out.append(LeftOut(name, printable(clip.path), why))
        else:
            whole[clip.path] = clip
    groups = by_name(whole)
    left_out += [LeftOut(name, printable(key), why) for key, why in ambiguous(groups).items()]
    clips = {key: whole[paths[0]] for key, paths in groups.items() if len(paths) == 1}
    return Source(name, root, clips)


def common(sources: Sequence[Source], left_out: list[LeftOut]) -> list[str]:
    """Names of the clips that every source has, sorted; the others are added to `left_out`.

    Raises:
        UserError: there is no such clip.
    """
    shared = set.intersection(*(set(source.clips) for source in sources))
    if not shared:
        examples = "; ".join(f"{s.name} has {_some(sorted(s.clips))}" for s in sources)
        raise UserError(
            f"no clip is in all folders: {examples}; clips pair by name without extension"
        )
    for source in sources:
        for key in sorted(set(source.clips) - shared):
            lacking = ", ".join(other.name for other in sources if key not in other.clips)
            path = printable(source.clips[key].path)
            left_out.append(LeftOut(source.name, path, f"not in {lacking}"))
    return sorted(shared)


def spread(clips: Sequence[str], count: int, seed: int) -> Iterator[list[str]]:
    """Split a sorted list into `count` equal stretches, to draw one clip from each.

    Args:
        clips: names; neighbours are similar (same folder, speaker or chapter).
        count: how many to draw.
        seed: the same seed gives the same clips.

    Yields:
        The clips of each stretch in random order: the first is drawn, the others replace it if
        it turns out to be unusable.
    """
    rng = random.Random(seed)  # noqa: S311  # reproducible, and no secret
    count = min(count, len(clips))
    for part in range(count):
        stretch = list(clips[len(clips) * part // count : len(clips) * (part + 1) // count])
        rng.shuffle(stretch)
        yield stretch


def _some(keys: Sequence[str]) -> str:
    shown = ", ".join(printable(key) for key in keys[:2])
    return f"{shown}, …" if len(keys) > 2 else shown or "none"
