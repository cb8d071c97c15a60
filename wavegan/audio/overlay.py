"""A file with another beginning than it has on the disk."""

import io
import os


class Overlay(io.RawIOBase):
    """A file to read, whose first bytes are replaced; nothing is copied, nothing written.

    Args:
        path: the file.
        head: what it is to begin with.
        start: where in the file what follows that begins.
        stop: where in the file it ends; None is the file's end.
    """

    def __init__(
        self, path: str | os.PathLike[str], head: bytes, start: int, stop: int | None = None
    ) -> None:
        super().__init__()
        self._file = open(path, "rb")  # noqa: SIM115
        self._head, self._start, self._position = head, start, 0
        there = os.fstat(self._file.fileno()).st_size
        self._length = len(head) + max(0, min(there, stop or there) - start)

    def close(self) -> None:
        """Close the file."""
        self._file.close()
        super().close()

    def readable(self) -> bool:
        """Say yes."""
        return True

    def seekable(self) -> bool:
        """Say yes."""
        return True

    def tell(self) -> int:
        """Say where the next byte is read from."""
        return self._position

    def seek(self, offset: int, whence: int = os.SEEK_SET) -> int:
        """Move; returns where."""
        base = {os.SEEK_SET: 0, os.SEEK_CUR: self._position, os.SEEK_END: self._length}[whence]
        self._position = max(0, base + offset)
        return self._position

    def read(self, size: int = -1) -> bytes:
        """Read up to `size` bytes, all that are left if it is negative."""
        left = max(0, self._length - self._position)
        size = left if size < 0 else min(size, left)
        made = self._head[self._position : self._position + size]
        if len(made) < size:
            self._file.seek(self._position + len(made) - len(self._head) + self._start)
            made += self._file.read(size - len(made))
        self._position += len(made)
        return made

    def readinto(self, buffer: memoryview) -> int:  # type: ignore[override]
        """Fill a buffer; returns how many bytes."""
        data = self.read(len(buffer))
        buffer[: len(data)] = data
        return len(data)
