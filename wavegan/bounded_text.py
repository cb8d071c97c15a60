"""Read untrusted text files with a limit on their size."""

from collections.abc import Iterator
from pathlib import Path

from wavegan.errors import UserError


def read(file: Path, most: int, errors: str = "strict") -> str:
    """Read a UTF-8 text file.

    Args:
        file: the file.
        most: largest size in bytes.
        errors: as in `open`, for bytes that are not UTF-8.

    Raises:
        OSError: it cannot be opened.
        UserError: it is larger than `most`, or not UTF-8.
    """
    with file.open("rb") as stream:
        data = stream.read(most + 1)
    if len(data) > most:
        raise UserError(f"{file}: more than {most:,} bytes, which no file of its kind has")
    try:
        return data.decode("utf-8", errors)
    except UnicodeDecodeError as error:
        raise UserError(f"{file}: damaged: byte {error.start} is not UTF-8 text") from None


def lines(file: Path, longest: int) -> Iterator[bytes]:
    """Iterate over a file's lines, with their line ends.

    Args:
        file: a file of any size.
        longest: most bytes of a line; a longer line is cut to its first `longest` + 1 bytes,
            without a line end.

    Raises:
        OSError: it cannot be read.
    """
    with file.open("rb") as stream:
        while line := stream.readline(longest + 1):
            yield line
            rest = line
            while len(rest) > longest and not rest.endswith(b"\n"):
                rest = stream.readline(longest + 1)
