"""Pair made clips with real ones by name."""

import re
from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path, PurePosixPath

from wavegan.audio.opening import shown
from wavegan.data.audio_listing import Listing, listing
from wavegan.data.file_list import some
from wavegan.data.pairs import LeftOut, ambiguous, clip_name, composed
from wavegan.data.scan import READABLE
from wavegan.errors import UserError

VOCODER_SUFFIX = re.compile(r"(?:[-_]feats)?[-_](?:gen|generated|generated_e2e|synth|synthesized)$")
"""Suffixes that vocoders append to a clip's name: HiFi-GAN and BigVGAN `_generated` and
`_generated_e2e`, ParallelWaveGAN `_gen`, also after `-feats`."""


@dataclass(frozen=True)
class ClipPair:
    """Two files of one name: the path below the folder, without extension."""

    name: str
    estimate: Path
    reference: Path


@dataclass(frozen=True)
class Pairing:
    """The pairs of two folders.

    Attributes:
        pairs: sorted by name.
        left_out: files that have no partner, or two.
        by_suffix: names are equal only without the suffixes of vocoders.
    """

    pairs: tuple[ClipPair, ...]
    left_out: tuple[LeftOut, ...]
    by_suffix: bool = False


def pair(
    reference: Path, estimate: Path, system: str = "", only: Collection[str] | None = None
) -> Pairing:
    """Pair the clips of two folders by their paths below them; extensions do not matter.

    If no name is in both, the suffixes of vocoders are removed from the estimates' names.

    Args:
        reference: a folder, or a single file.
        estimate: a folder, or a single file if `reference` is one; two files pair as they are.
        system: named in `left_out`.
        only: names to consider; None is all.

    Raises:
        UserError: a folder is missing or holds no audio, or no two names pair.
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
    """Keep the files and reasons of some names."""

    def wanted(name: str) -> bool:
        return name in only or _plain(name) in only

    return Listing(
        found.root,
        {name: file for name, file in found.files.items() if wanted(name)},
        # a file that cannot be read is listed by its path, with extension
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
        names: all names.
        wanted: full names, or last parts that only one name has; None is all.
        count: how many at most; None is all.

    Raises:
        UserError: a listed name is missing or ambiguous.
    """
    chosen = sorted(names)
    if wanted is not None:
        known = _by_last_part(chosen)
        listed = {clip_name(w) if _is_file(w) else composed(w) for w in wanted}
        missing = sorted(listed - known.keys())
        if missing and names:
            raise UserError(
                f"{len(missing)} of the {len(listed)} listed clips are missing or ambiguous: "
                f"{some(missing)}; give names such as {shown(chosen[0])!r}"
            )
        chosen = sorted({known[name] for name in listed if name in known})
    if count is None or count >= len(chosen):
        return chosen
    return [chosen[place * len(chosen) // count] for place in range(count)]


def _is_file(name: str) -> bool:
    return PurePosixPath(name).suffix.lower() in READABLE


def _by_last_part(names: Sequence[str]) -> Mapping[str, str]:
    """Names by full name, and by last part if only one has it."""
    last: dict[str, list[str]] = {}
    for name in names:
        last.setdefault(PurePosixPath(name).name, []).append(name)
    short = {part: full[0] for part, full in last.items() if len(full) == 1}
    return {**short, **{name: name for name in names}}
