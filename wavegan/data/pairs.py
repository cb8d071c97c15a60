"""Names of clips that are in several folders, and files that were left out."""

from dataclasses import dataclass
from pathlib import PurePath


def clip_name(path: str | PurePath) -> str:
    """The name of a clip in all folders: its relative path without extension.

    Args:
        path: relative to the folder.
    """
    return PurePath(path).with_suffix("").as_posix()


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
