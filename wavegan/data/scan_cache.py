"""Cache the measurements of scanned files in the user's cache folder."""

import hashlib
import json
import logging
import os
import sys
import tempfile
from collections.abc import Mapping
from dataclasses import astuple
from pathlib import Path

from pydantic import BaseModel

from wavegan import atomic, json_file
from wavegan.data.manifest import Facts
from wavegan.errors import UserError

VERSION = 4
LONGEST = 1 << 30
"""Largest cache file in bytes, enough for millions of names."""
_Row = tuple[
    int, int, int, int, int, float, float, float, int, str, str, str, str, str
]  # fmt: skip
"""Size and time of change, then the fields of `Facts` in order."""


class _Kept(BaseModel):
    version: int
    files: dict[json_file.Name, _Row]


_log = logging.getLogger(__name__)


class ScanCache:
    """The measurements from earlier scans of one folder, by path, size and time of change.

    Attributes:
        facts: measurements of the files that were recalled or added, by path.
    """

    def __init__(self, root: Path) -> None:
        key = hashlib.sha256(os.fsencode(root)).hexdigest()[:24]
        self.facts: dict[str, Facts] = {}
        self._file = _cache_folder() / "scans" / f"{key}.json"
        self._known = self._load()
        self._changed = False

    def recall(self, path: str, stamp: tuple[int, int]) -> bool:
        """Whether an unchanged file is in the cache; if so, adds it to `facts`."""
        stamped = self._known.get(path)
        if stamped is None or stamped[0] != stamp:
            return False
        self.facts[path] = stamped[1]
        return True

    def add(self, path: str, facts: Facts) -> None:
        """Add the measurements of a file."""
        self.facts[path] = facts
        # failures are not cached: the disk may have caused them, and they are found again quickly
        self._changed = self._changed or not facts.error

    def save(self, stamps: Mapping[str, tuple[int, int]]) -> None:
        """Write the cache for the existing files."""
        if not self._changed and self._known.keys() <= self.facts.keys():
            return
        files = {
            path: [*stamps[path], *astuple(facts)]
            for path, facts in self.facts.items()
            if not facts.error
        }
        try:
            self._file.parent.mkdir(parents=True, exist_ok=True)
            atomic.text(self._file, json.dumps({"version": VERSION, "files": files}))
        except OSError as error:
            _log.warning("cannot write the scan cache: %s: %s", self._file, error.strerror)

    def _load(self) -> dict[str, tuple[tuple[int, int], Facts]]:
        try:
            known = json_file.read(self._file, _Kept, LONGEST)
        except (OSError, UserError):
            return {}
        if known.version != VERSION:
            return {}
        return {path: ((row[0], row[1]), Facts(*row[2:])) for path, row in known.files.items()}


def _cache_folder() -> Path:
    """`WAVEGAN_CACHE`, or this system's cache folder."""
    if chosen := os.environ.get("WAVEGAN_CACHE"):
        return Path(chosen).expanduser()
    variable = "LOCALAPPDATA" if os.name == "nt" else "XDG_CACHE_HOME"
    if os.path.isabs(base := os.environ.get(variable, "")):
        return Path(base) / "wavegan"
    try:
        home = Path.home()
    except RuntimeError:  # a container may run as a user without an entry
        return Path(tempfile.gettempdir()) / "wavegan"
    return home / ("Library/Caches" if sys.platform == "darwin" else ".cache") / "wavegan"
