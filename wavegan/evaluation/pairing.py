"""Which made clip belongs to which real one: by its name."""

import re
from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path, PurePosixPath

from wavegan.audio.opening import shown
from wavegan.data.audio_listing import Listing, listing
from wavegan.data.file_list import some
from wavegan.data.pairs import LeftOut, ambiguous, clip_name
from wavegan.data.scan import READABLE
from wavegan.errors import UserError

VOCODER_SUFFIX = re.compile(r"(?:[-_]feats)?[-_](?:gen|generated|generated_e2e|synth|synthesized)$")
"""What vocoders append to a clip's name: HiFi-GAN and BigVGAN `_generated` and `_generated_e2e`,
ParallelWaveGAN `_gen`, also after `-feats`."""


@dataclass(frozen=True)
class ClipPair:
    """Two files of one name: its path below the folder, without extension."""

    name: str
    estimate: Path
    reference: Path


@dataclass(frozen=True)
class Pairing:
    """What two folders have in common.

    Attributes:
        pairs: sorted by name.
        left_out: files that have no partner, or two.
        by_suffix: the names are equal only without what vocoders append to them.
    """

    pairs: tuple[ClipPair, ...]
    left_out: tuple[LeftOut, ...]
    by_suffix: bool = False


def pair(
    reference: Path, estimate: Path, system: str = "", only: Collection[str] | None = None
) -> Pairing:
    """Pair the clips of two folders by their names below them; extensions do not matter.

    Where no name is in both, the suffixes that vocoders append are taken off the estimates' names.

    Args:
        reference: a folder, or a single file.
        estimate: a folder, or a single file if `reference` is one; two files pair as they are.
        system: named in `left_out`.
        only: names to consider; None is all.

    Raises:
        UserError: a folder that is not there, or holds no audio; no pair at all.
    """
    if reference.is_file() and estimate.is_file():
        return Pairing((ClipPair(reference.stem, estimate, reference),), ())
    real, made = listing(reference), listing(estimate)
    if only is not None:
        real, made = (_limited(each, only) for each in (real, made))
    by_suffix = not real.files.keys() & made.files.keys()
    if by_suffix:
        made = _without_suffixes(made)
    names = sorted(real.files.keys() & made.files.keys())
    if not names:
        raise UserError(_no_pair(real, made))
    pairs = tuple(ClipPair(name, made.files[name], real.files[name]) for name in names)
    return Pairing(pairs, tuple(_left_out(system, real, made)), by_suffix)


def _limited(found: Listing, only: Collection[str]) -> Listing:
    """The files of some names, and the reasons of those alone."""

    def wanted(name: str) -> bool:
        return name in only or _plain(name) in only

    return Listing(
        found.root,
        {name: file for name, file in found.files.items() if wanted(name)},
        # of what cannot be read the whole path is known
        {
            name: reason
            for name, reason in found.reasons.items()
            if wanted(name) or wanted(clip_name(name))
        },
    )


def _plain(name: str) -> str:
    return VOCODER_SUFFIX.sub("", name)


def _without_suffixes(made: Listing) -> Listing:
    names: dict[str, list[str]] = {}
    for name in made.files:
        names.setdefault(_plain(name), []).append(name)
    clear = {plain: made.files[full[0]] for plain, full in names.items() if len(full) == 1}
    return Listing(made.root, clear, {**made.reasons, **ambiguous(names)})


def _left_out(system: str, real: Listing, made: Listing) -> Iterator[LeftOut]:
    known = {*real.reasons, *made.reasons}
    for side, own in (("reference", real), ("estimate", made)):
        for name, reason in sorted(own.reasons.items()):
            yield LeftOut(system, name, f"{side}: {reason}")
    for name in sorted(real.files.keys() - made.files.keys() - known):
        yield LeftOut(system, name, "only among the references: no estimate of this name")
    for name in sorted(made.files.keys() - real.files.keys() - known):
        yield LeftOut(system, name, "only among the estimates: no reference of this name")


def _no_pair(real: Listing, made: Listing) -> str:
    def example(listed: Listing) -> str:
        names = sorted(listed.files)
        if not names:
            return f"{shown(listed.root)} holds none"
        return f"{shown(listed.root)} holds {len(names)}, such as {shown(names[0])!r}"

    return (
        f"no two clips have the same name: {example(real)}; {example(made)}. "
        "Clips pair by their path below the folder, without extension"
    )


def pick(names: Sequence[str], wanted: Sequence[str] | None, count: int | None) -> list[str]:
    """Choose names: those of a list, and of these `count`, evenly spread over all.

    Args:
        names: all there are.
        wanted: full names, or last parts of names that are clear; None is all.
        count: how many at most; None is all.

    Raises:
        UserError: a name of the list is not there, or may be several.
    """
    chosen = sorted(names)
    if wanted is not None:
        known = _by_last_part(chosen)
        listed = {clip_name(w) if _is_file(w) else w for w in wanted}
        missing = sorted(listed - known.keys())
        if missing and names:
            raise UserError(
                f"{len(missing)} of the {len(listed)} listed clips are not there, or may be "
                f"several: {some(missing)}; the folder has {shown(chosen[0])!r}"
            )
        chosen = sorted({known[name] for name in listed if name in known})
    if count is None or count >= len(chosen):
        return chosen
    return [chosen[place * len(chosen) // count] for place in range(count)]


def _is_file(name: str) -> bool:
    return PurePosixPath(name).suffix.lower() in READABLE


def _by_last_part(names: Sequence[str]) -> Mapping[str, str]:
    """Each name under itself, and under its last part where only one has that."""
    last: dict[str, list[str]] = {}
    for name in names:
        last.setdefault(PurePosixPath(name).name, []).append(name)
    short = {part: full[0] for part, full in last.items() if len(full) == 1}
    return {**short, **{name: name for name in names}}
