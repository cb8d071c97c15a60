"""Keeping libmpg123's remarks off the terminal."""

import os
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path


class _Stderr:
    """The process's stderr, turned off as long as anyone is inside."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._inside = 0
        self._kept: int | None = None

    def enter(self) -> None:
        with self._lock:
            self._inside += 1
            if self._inside == 1:
                self._kept = self._turn_off()

    def leave(self) -> None:
        with self._lock:
            self._inside -= 1
            if self._inside == 0 and self._kept is not None:
                os.dup2(self._kept, 2)
                os.close(self._kept)

    @staticmethod
    def _turn_off() -> int | None:
        try:
            kept = os.dup(2)
        except OSError:
            # A process without stderr has nothing to keep quiet.
            return None
        nowhere = os.open(os.devnull, os.O_WRONLY)
        os.dup2(nowhere, 2)
        os.close(nowhere)
        return kept


_stderr = _Stderr()


@contextmanager
def mpeg_warnings_silenced(path: str | os.PathLike[str]) -> Iterator[None]:
    """While an MPEG file is open, what C code writes to the process's stderr goes nowhere.

    libmpg123 remarks on tags and gaps there, through libsndfile, with nothing to turn it off; what
    matters of it is found again as missing samples. Other files are untouched. Threads share it:
    what they write to stderr meanwhile (milliseconds) is lost too.

    Raises:
        OSError: the file cannot be opened.
    """
    if not _is_mpeg(path):
        yield
        return
    _stderr.enter()
    try:
        yield
    finally:
        _stderr.leave()


def _is_mpeg(path: str | os.PathLike[str]) -> bool:
    with open(path, "rb") as file:
        head = file.read(3)
    synced = len(head) > 1 and head[0] == 0xFF and head[1] & 0xE0 == 0xE0
    return synced or head == b"ID3" or Path(path).suffix.lower() in (".mp3", ".mp2", ".mpga")
