"""Text files of unknown origin: no more of one is read than files of its kind have."""

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
