"""The folder of a run while it trains: noticed when it is moved or deleted, and never made anew."""

import contextlib
import os
import weakref
from collections.abc import Iterator
from pathlib import Path

from wavegan.errors import RunError


class Place:
    """A folder as it was when training began, wherever it has got to since.

    Args:
        run: the folder; where it cannot be held open (Windows, which lets nobody move it then),
            only its absence is noticed.
    """

    def __init__(self, run: Path) -> None:
        self.run = run
        self._handle: int | None = None
        if os.name != "nt":
            with contextlib.suppress(OSError):
                self._handle = os.open(run, os.O_RDONLY)
        if self._handle is not None:
            weakref.finalize(self, os.close, self._handle)

    @property
    def lost(self) -> bool:
        """Whether the run's path is no longer this folder."""
        try:
            there = self.run.stat()
        except OSError:
            return True
        return self._handle is not None and not os.path.samestat(there, os.fstat(self._handle))

    def here(self) -> Path:
        """Where to write: where the folder lies now, as far as the system tells."""
        return (self.now() if self.lost else None) or self.run

    @contextlib.contextmanager
    def unless_lost(self) -> Iterator[None]:
        """Let what fails inside as the folder is gone pass: who asks for `lost` next ends the run.

        All processes have to end alike, and this one alone writes.
        """
        try:
            yield
        except RunError:
            if not self.lost:
                raise

    def now(self) -> Path | None:
        """Where the folder lies now, where the system tells; None: nowhere, or not known."""
        if self._handle is None:
            return None
        try:
            path = Path(os.readlink(f"/proc/self/fd/{self._handle}"))
            same = os.path.samestat(path.stat(), os.fstat(self._handle))
        except OSError:
            return None
        return path if same else None
