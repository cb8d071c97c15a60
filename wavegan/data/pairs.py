"""Names of clips that are in several folders, and files that were left out."""

import unicodedata
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import PurePath

from wavegan.data.manifest import printable


def clip_name(path: str | PurePath) -> str:
    """The name of a clip in all folders: its relative path without extension.

    Args:
        path: relative to the folder.
    """
    return composed(PurePath(path).with_suffix("").as_posix())


def composed(name: str) -> str:
    """A name with composed accents, for comparison: macOS returns decomposed names."""
    return unicodedata.normalize("NFC", name)


def by_name(paths: Iterable[str]) -> dict[str, list[str]]:
    """Relative paths, grouped by clip name, in the given order."""
    groups: dict[str, list[str]] = {}
    for path in paths:
        groups.setdefault(clip_name(path), []).append(path)
    return groups


def ambiguous(groups: Mapping[str, list[str]]) -> dict[str, str]:
    """Names of several files, each with the reason why none of them is used."""
    return {
        name: f"several files of this name: {', '.join(map(printable, paths))}: keep one"
        for name, paths in groups.items()
        if len(paths) > 1
    }


@dataclass(frozen=True)
class LeftOut:
    """A file, or a pair of files, that is not used.

    Attributes:
        system: the system it belongs to; "" if it concerns a clip of all systems.
        file: the name to print.
        reason: one line.
    """

    system: str
    file: str
    reason: str

    def to_dict(self) -> dict[str, str]:
        """A dict for JSON."""
        return {"system": self.system, "file": self.file, "reason": self.reason}

    def __str__(self) -> str:
        where = f"{self.system}: " if self.system else ""
        return f"{where}{self.file}: {self.reason}"
