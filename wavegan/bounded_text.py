"""Text files of unknown origin: no more of one is read than files of its kind have."""

from collections.abc import Iterator
from pathlib import Path

from wavegan.errors import UserError


def read(file: Path, most: int, errors: str = "strict") -> str:
    """A file's text.

    Args:
        file: of UTF-8.
        most: bytes; no file of its kind has more.
        errors: as in `open`, for bytes that are no UTF-8.

    Raises:
        OSError: it cannot be opened.
        UserError: it is larger, or no UTF-8.
    """
    with file.open("rb") as stream:
        data = stream.read(most + 1)
    if len(data) > most:
        raise UserError(f"{file}: more than {most:,} bytes, which no file of its kind has")
    try:
        return data.decode("utf-8", errors)
    except UnicodeDecodeError as error:
        raise UserError(f"{file}: damaged: byte {error.start} is no UTF-8 text") from None


def lines(file: Path, longest: int) -> Iterator[bytes]:
    """A file's lines with their ends, one at a time.

    Args:
        file: of any size.
        longest: bytes of a line; of one that has more, the first `longest` + 1 come, and no end.

    Raises:
        OSError: it cannot be read.
    """
    with file.open("rb") as stream:
        while line := stream.readline(longest + 1):
            yield line
            rest = line
            while len(rest) > longest and not rest.endswith(b"\n"):
                rest = stream.readline(longest + 1)
