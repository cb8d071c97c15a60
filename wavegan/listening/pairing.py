"""Which clips of several folders belong together, and which of them a test uses."""

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
"""The low-pass filtered references, by their cut-off in Hz."""


@dataclass(frozen=True)
class Source:
    """A folder of one system's clips.

    Attributes:
        name: of the system, as results name it.
        root: the folder.
        clips: its usable clips by their path in it without extension.
    """

    name: str
    root: Path
    clips: Mapping[str, Clip]


def names(folders: Sequence[Path]) -> list[str]:
    """Names of systems: a folder's own name, its whole path where that is taken.

    Raises:
        UserError: a folder is given twice, or is called as the reference or an anchor is.
    """
    own = [folder.resolve().name for folder in folders]
    found = []
    for folder, name in zip(folders, own, strict=True):
        taken = own.count(name) > 1 or name == REFERENCE or name in ANCHORS
        found.append(str(folder) if taken else name)
    for folder, name in zip(folders, found, strict=True):
        if name == REFERENCE or name in ANCHORS:
            raise UserError(f"{folder}: no system can be called {name!r}; rename the folder")
        if [f.resolve() for f in folders].count(folder.resolve()) > 1:
            raise UserError(f"{folder}: it is given twice; give each system once")
    return found


def open_source(name: str, root: Path, left_out: list[LeftOut]) -> Source:
    """Find a folder's clips; those that are broken or ambiguous are added to `left_out`."""
    manifest = scan(root, keep_own=True)
    left_out += [LeftOut(name, printable(str(root)), line) for line in manifest.passed_over]
    for bad in manifest.rejected:
        left_out.append(LeftOut(name, printable(bad.path), bad.reason))
    whole = {}
    for clip in manifest.clips:
        if clip.damage:
            why = f"damaged or cut short: {clip.damage}"
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
        UserError: there is none.
    """
    shared = set.intersection(*(set(source.clips) for source in sources))
    if not shared:
        examples = "; ".join(f"{s.name} has {_some(sorted(s.clips))}" for s in sources)
        raise UserError(
            f"no clip is in all folders: {examples}; pairs need the same names, whatever "
            "their extensions"
        )
    for source in sources:
        for key in sorted(set(source.clips) - shared):
            lacking = ", ".join(other.name for other in sources if key not in other.clips)
            path = printable(source.clips[key].path)
            left_out.append(LeftOut(source.name, path, f"not in {lacking}"))
    return sorted(shared)


def spread(clips: Sequence[str], count: int, seed: int) -> Iterator[list[str]]:
    """Draw clips from all over a sorted list: one from each of `count` equal stretches of it.

    Args:
        clips: names; neighbours are alike (a folder, a speaker, a chapter).
        count: how many to draw.
        seed: same seed, same clips.

    Yields:
        The clips of each stretch in random order: the first is the one drawn, the others are to
        replace it if it turns out to be unusable.
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
