"""Notice when the folder of a training run is moved or deleted, so that it is not created again."""

import contextlib
import os
import weakref
from collections.abc import Iterator
from pathlib import Path

from wavegan.errors import RunError


class Place:
    """The folder in which training started, also after it was moved.

    Args:
        run: the folder. If it cannot be held open (Windows, where an open folder cannot be moved),
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
        """Whether the run's path no longer leads to this folder."""
        try:
            there = self.run.stat()
        except OSError:
            return True
        return self._handle is not None and not os.path.samestat(there, os.fstat(self._handle))

    def here(self) -> Path:
        """Where to write: the folder's current path, if known."""
        return (self.now() if self.lost else None) or self.run

    @contextlib.contextmanager
    def ignore_errors_if_lost(self) -> Iterator[None]:
        """Ignore a `RunError` inside if the folder is gone; the next check of `lost` ends the run.

        Only the main process writes, but all processes must end together.
        """
        try:
            yield
        except RunError:
            if not self.lost:
                raise

    def now(self) -> Path | None:
        """The current path of the folder; None if it is deleted or unknown."""
        if self._handle is None:
            return None
        try:
            path = Path(os.readlink(f"/proc/self/fd/{self._handle}"))
            same = os.path.samestat(path.stat(), os.fstat(self._handle))
        except OSError:
            return None
        return path if same else None
