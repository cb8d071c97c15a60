"""Find the mel file of each audio file by their names."""

import re
from collections import defaultdict
from collections.abc import Callable, Collection, Iterable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path, PurePosixPath

from wavegan.data.folder_files import files_below
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
    """Pairs of audio and mel files.

    Attributes:
        of: path of the mel by path of the audio.
        told_apart: the pairs whose mel name has additional words.
    """

    of: dict[str, str]
    told_apart: dict[str, str]


def search(folder: Path) -> list[str]:
    """Find every mel file under a folder; links are followed, each folder once."""
    if not folder.is_dir():
        what = "it is a file: give a folder" if folder.exists() else "it does not exist"
        raise UserError(f"data.mels {folder}: {what}")
    mels = (path for path in files_below(folder) if path.suffix.lower() in mel_file.SUFFIXES)
    return sorted(path.as_posix() for path in mels)


def partners(audio: Sequence[str], mels: Sequence[str]) -> Partners:
    """Pair files by path without suffix, then the rest by name, then by bare name.

    A bare name is without words that systems add: `c0.wav.npy`, `mel-c0.npy`, `c0_feats.npy`.

    Raises:
        UserError: two files match the same partner.
    """
    found: dict[str, str] = {}
    with_words: dict[str, str] = {}
    for plain, ours, theirs in _WAYS:
        taken = set(found.values())
        left = _grouped([path for path in audio if path not in found], plain, ours)
        free = [path for path in mels if path not in taken]
        more = _matched(left, _grouped(free, plain, theirs, left))
        found |= more
        with_words |= more if theirs else {}
    return Partners(found, with_words)


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
"""The key to compare, and whether the audio's and the mel's key is made bare; the surest first."""


def _forms(key: str) -> Iterator[str]:
    """A name with fewer and fewer of the words at its ends that only name the kind of file."""
    folder, _, name = key.rpartition("/")
    yield key
    for pattern in (_BEHIND, _BEFORE):
        while name != (shorter := pattern.sub("", name)) and shorter:
            name = shorter
            yield f"{folder}/{name}" if folder else name


def _matched(ours: dict[str, list[str]], theirs: dict[str, list[str]]) -> dict[str, str]:
    """Pair files with equal keys; refuse a key that two files share."""
    pairs = {}
    for name in ours.keys() & theirs.keys():
        (sound, *others), (mel, *more) = ours[name], theirs[name]
        if others or more:
            two, one = ([sound, *others], mel) if others else ([mel, *more], sound)
            raise UserError(
                f"data.mels: {printable(two[0])} and {printable(two[1])} both match "
                f"{printable(one)}: give each mel the path of its audio, with another suffix"
            )
        pairs[sound] = mel
    return pairs


def _grouped(
    paths: Iterable[str],
    plain: Callable[[str], str],
    bare: bool,
    sought: Collection[str] = (),
) -> dict[str, list[str]]:
    """Files by key; a bare key is the first form in `sought`, or the shortest form."""
    groups: dict[str, list[str]] = defaultdict(list)
    for path in sorted(paths):
        key = plain(path)
        forms = list(_forms(key)) if bare else [key]
        groups[next((form for form in forms if form in sought), forms[-1])].append(path)
    return groups
