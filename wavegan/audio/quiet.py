"""Keep libmpg123's messages off the terminal."""

import os
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path


class _Stderr:
    """The process's stderr, turned off while at least one thread is inside."""

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
            # The process has no stderr.
            return None
        nowhere = os.open(os.devnull, os.O_WRONLY)
        os.dup2(nowhere, 2)
        os.close(nowhere)
        return kept


_stderr = _Stderr()


@contextmanager
def mpeg_warnings_silenced(path: str | os.PathLike[str]) -> Iterator[None]:
    """Discard the process's stderr while an MPEG file is open.

    libmpg123 (inside libsndfile) prints messages about tags and gaps there, and this cannot be
    turned off; real damage is detected as missing samples. Other files are not affected. All
    threads share stderr: what they print during these milliseconds is lost too.

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
