"""Files of several folders that belong together by their names, and those that do not."""

import unicodedata
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import PurePath

from wavegan.data.manifest import printable


def clip_name(path: str | PurePath) -> str:
    """The name of a clip in all folders that have it: its path below them without extension.

    Args:
        path: below the folder.
    """
    # macOS hands back decomposed names
    return unicodedata.normalize("NFC", PurePath(path).with_suffix("").as_posix())


def by_name(paths: Iterable[str]) -> dict[str, list[str]]:
    """Paths below a folder, grouped by clip name, in the order given."""
    groups: dict[str, list[str]] = {}
    for path in paths:
        groups.setdefault(clip_name(path), []).append(path)
    return groups


def ambiguous(groups: Mapping[str, list[str]]) -> dict[str, str]:
    """Names that several files have, and the reason why none of these is used."""
    return {
        name: f"several files of this name: {', '.join(map(printable, paths))}: keep one"
        for name, paths in groups.items()
        if len(paths) > 1
    }


@dataclass(frozen=True)
class LeftOut:
    """A file, or a pair of files, that is not used.

    Attributes:
        system: whose it is; "" for what concerns a clip of all systems.
        file: as a person is shown it.
        reason: one line.
    """

    system: str
    file: str
    reason: str

    def to_dict(self) -> dict[str, str]:
        """As JSON takes it."""
        return {"system": self.system, "file": self.file, "reason": self.reason}

    def __str__(self) -> str:
        where = f"{self.system}: " if self.system else ""
        return f"{where}{self.file}: {self.reason}"
