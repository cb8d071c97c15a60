"""A read-only view of a file with a replaced beginning."""

import io
import os


class Overlay(io.RawIOBase):
    """A file whose first bytes are replaced for reading, without a copy and without writing.

    Args:
        path: the file.
        head: the new first bytes.
        start: position in the file of the bytes that follow them.
        stop: position in the file where the view ends; None: the file's end.
    """

    def __init__(
        self, path: str | os.PathLike[str], head: bytes, start: int, stop: int | None = None
    ) -> None:
        super().__init__()
        self._file = open(path, "rb")  # noqa: SIM115
        self._head, self._start, self._position = head, start, 0
        size = os.fstat(self._file.fileno()).st_size
        self._length = len(head) + max(0, min(size, stop or size) - start)

    def close(self) -> None:
        """Close the file."""
        self._file.close()
        super().close()

    def readable(self) -> bool:
        """True."""
        return True

    def seekable(self) -> bool:
        """True."""
        return True

    def tell(self) -> int:
        """The position of the next byte."""
        return self._position

    def seek(self, offset: int, whence: int = os.SEEK_SET) -> int:
        """Change the position; returns the new one."""
        base = {os.SEEK_SET: 0, os.SEEK_CUR: self._position, os.SEEK_END: self._length}[whence]
        self._position = max(0, base + offset)
        return self._position

    def read(self, size: int = -1) -> bytes:
        """Read up to `size` bytes, or all remaining ones if it is negative."""
        left = max(0, self._length - self._position)
        size = left if size < 0 else min(size, left)
        data = self._head[self._position : self._position + size]
        if len(data) < size:
            self._file.seek(self._position + len(data) - len(self._head) + self._start)
            data += self._file.read(size - len(data))
        self._position += len(data)
        return data

    def readinto(self, buffer: memoryview) -> int:  # type: ignore[override]
        """Fill a buffer; returns the number of bytes."""
        data = self.read(len(buffer))
        buffer[: len(data)] = data
        return len(data)
