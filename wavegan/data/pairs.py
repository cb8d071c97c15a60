"""Files of several folders that belong together by their names, and those that do not."""

from dataclasses import dataclass
from pathlib import PurePath


def clip_name(path: str | PurePath) -> str:
    """What a clip is called in all folders that have it: its path below them without extension.

    Args:
        path: below the folder.
    """
    return PurePath(path).with_suffix("").as_posix()


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
