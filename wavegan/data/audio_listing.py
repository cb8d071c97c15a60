"""The audio files below a folder by clip name, found by their extensions alone."""

from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path, PurePosixPath

from wavegan.audio import formats
from wavegan.audio.opening import shown
from wavegan.data.folder_files import files_below
from wavegan.data.pairs import ambiguous, by_name
from wavegan.data.scan import READABLE, UNREADABLE
from wavegan.errors import UserError


@dataclass
class Listing:
    """The audio files below a folder, by name; `reasons` says why a file is not among them."""

    root: Path
    files: dict[str, Path] = field(default_factory=dict)
    reasons: dict[str, str] = field(default_factory=dict)


def listing(folder: Path) -> Listing:
    """Find the audio files below a folder by their extensions, hidden ones not; opens none.

    Raises:
        UserError: it is no folder, or no audio is in it.
    """
    if not folder.is_dir():
        problem = "give a folder" if folder.exists() else "it does not exist: check the path"
        raise UserError(f"{shown(folder)}: {problem}")
    found = Listing(folder)
    readable = []
    for path in audio_files(folder):
        if path.suffix.lower() in UNREADABLE:
            kind = formats.by_name(path)
            found.reasons[path.as_posix()] = kind.why if kind is not None else "it cannot be read"
        else:
            readable.append(path.as_posix())
    same = by_name(readable)
    for name, paths in same.items():
        # Beside a recording, a video of it is no second clip.
        plain = [path for path in paths if PurePosixPath(path).suffix.lower() in formats.OWN]
        found.files[name] = folder / (plain or paths)[0]
        if len(plain) == 1 < len(paths):
            others = [path for path in paths if path not in plain]
            found.reasons |= dict.fromkeys(others, f"{plain[0]} is taken instead")
        elif len(paths) > 1:
            del found.files[name]
            found.reasons |= ambiguous({name: paths})
    if not same:
        raise UserError(f"{shown(folder)}: no audio files in it (WAV, FLAC, OGG, MP3, …)")
    return found


def audio_files(folder: Path) -> Iterator[PurePosixPath]:
    """Paths of audio files below a folder, as `files_below` finds them."""
    return (path for path in files_below(folder) if path.suffix.lower() in READABLE | UNREADABLE)
