"""Which mel file is that of which audio file, by their names as people have them."""

import os
import re
from collections import defaultdict
from collections.abc import Callable, Collection, Iterable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path, PurePosixPath

from wavegan.data.manifest import printable
from wavegan.data.pairs import clip_name
from wavegan.errors import UserError
from wavegan.mel import mel_file

_WORD = (
    r"(?:log[-_]?)?mels?(?:[-_]?spec(?:trogram)?s?)?|spec(?:trogram)?s?|feats?|features?|gta|gen"
    r"|generated|pred(?:icted)?|postnet|raw|wav|wave|audio|flac|mp3|ogg|npy"
)
_BEFORE = re.compile(rf"^(?:[^-]+-(?=mel-))?(?:{_WORD})[-_. ]+", re.IGNORECASE)
_BEHIND = re.compile(rf"[-_. ]+(?:{_WORD})$", re.IGNORECASE)


@dataclass(frozen=True)
class Partners:
    """What goes with what.

    Attributes:
        of: the path of the mel by that of the audio.
        told_apart: those of them, whose names say more than the audio's does.
    """

    of: dict[str, str]
    told_apart: dict[str, str]


def search(folder: Path) -> list[str]:
    """Find every mel file under a folder; links are followed, to each folder once."""
    if not folder.is_dir():
        what = "it is a file: give a folder" if folder.exists() else "it does not exist"
        raise UserError(f"data.mels {folder}: {what}")
    found: list[str] = []
    seen: set[str] = set()
    for place, folders, names in os.walk(folder, followlinks=True):
        real = os.path.realpath(place)
        folders[:] = sorted(name for name in folders if real not in seen and name[0] != ".")
        if real not in seen:
            files = (Path(place, name) for name in names if name[0] != ".")
            mels = (file for file in files if file.suffix.lower() in mel_file.SUFFIXES)
            found += [file.relative_to(folder).as_posix() for file in mels]
        seen.add(real)
    return sorted(found)


def partners(audio: Sequence[str], mels: Sequence[str]) -> Partners:
    """Pair by the whole path but for the suffix; what is left by name; then by the bare name.

    A bare name has lost what systems add to it: `c0.wav.npy`, `mel-c0.npy`, `c0_feats.npy`.

    Raises:
        UserError: two files claim one partner.
    """
    found: dict[str, str] = {}
    told: dict[str, str] = {}
    for plain, ours, theirs in _WAYS:
        taken = set(found.values())
        left = _grouped([path for path in audio if path not in found], plain, ours)
        free = [path for path in mels if path not in taken]
        more = _matched(left, _grouped(free, plain, theirs, left))
        found |= more
        told |= more if theirs else {}
    return Partners(found, told)


def _name(path: str) -> str:
    return PurePosixPath(clip_name(path)).name


_WAYS: Sequence[tuple[Callable[[str], str], bool, bool]] = (
    (clip_name, False, False),
    (_name, False, False),
    (clip_name, False, True),
    (_name, False, True),
    (clip_name, True, True),
    (_name, True, True),
)
"""What has to be equal, and whether the audio's, and the mel's, is made bare; the surest first."""


def _forms(key: str) -> Iterator[str]:
    """A name with ever fewer of the words at its ends that say only what kind of file it is."""
    folder, _, name = key.rpartition("/")
    yield key
    for pattern in (_BEHIND, _BEFORE):
        while name != (shorter := pattern.sub("", name)) and shorter:
            name = shorter
            yield f"{folder}/{name}" if folder else name


def _matched(ours: dict[str, list[str]], theirs: dict[str, list[str]]) -> dict[str, str]:
    """Pair files of one key each; refuse a key that two files share."""
    pairs = {}
    for name in ours.keys() & theirs.keys():
        (sound, *others), (mel, *more) = ours[name], theirs[name]
        if others or more:
            two, one = ([sound, *others], mel) if others else ([mel, *more], sound)
            raise UserError(
                f"data.mels: {printable(two[0])} and {printable(two[1])} both go with "
                f"{printable(one)}: let each mel have the path of its audio, but for the suffix"
            )
        pairs[sound] = mel
    return pairs


def _grouped(
    paths: Iterable[str],
    plain: Callable[[str], str],
    bare: bool,
    sought: Collection[str] = (),
) -> dict[str, list[str]]:
    """Files by their key; a bare one is the first that is sought, or the barest there is."""
    groups: dict[str, list[str]] = defaultdict(list)
    for path in sorted(paths):
        key = plain(path)
        forms = list(_forms(key)) if bare else [key]
        groups[next((form for form in forms if form in sought), forms[-1])].append(path)
    return groups
