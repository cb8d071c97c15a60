"""Read the lines of a list of files; files that are not UTF-8 text are refused."""

import codecs
from pathlib import Path

from wavegan.audio.opening import shown
from wavegan.errors import UserError

HEAD = 4096
"""Bytes that are used to recognise a file."""
MARKS = (
    # UTF-32 first: its mark begins with that of UTF-16
    (codecs.BOM_UTF32_LE, "UTF-32"),
    (codecs.BOM_UTF32_BE, "UTF-32"),
    (codecs.BOM_UTF16_LE, "UTF-16"),
    (codecs.BOM_UTF16_BE, "UTF-16"),
)
AUDIO = (
    b"RIFF",
    b"RIFX",
    b"RF64",
    b"fLaC",
    b"OggS",
    b"ID3",
    b"FORM",
    b".snd",
    b"caff",
    b"\xff\xfb",
)
"""First bytes of audio files."""
CONTROL = frozenset(range(32)) - frozenset(b"\t\n\v\f\r\x1a\x1b")
MOST_CONTROL = 0.01
"""A file with a larger share of control characters is not text."""


def lines(file: Path, called: str) -> list[str]:
    """Read the lines of a text file without their line ends (of any system).

    Args:
        file: UTF-8, with or without a byte order mark; invalid bytes are kept as surrogate escapes,
            as in file names.
        called: the field or option that gave the file, for errors.

    Raises:
        UserError: it cannot be read, is UTF-16 or UTF-32, audio, or not text.
    """
    try:
        data = file.read_bytes()
    except OSError as error:
        raise UserError(f"{called} {shown(file)}: cannot be read ({error.strerror})") from None
    if data.startswith(AUDIO):
        raise UserError(
            f"{called} {shown(file)}: this is an audio file: give a text file, one name per line"
        )
    if encoding := wide(data[:HEAD]):
        made = shown(file.with_name(f"{file.stem}-utf8{file.suffix}"))
        raise UserError(
            f"{called} {shown(file)}: the text is {encoding}: save it as UTF-8 "
            f"(iconv -f {encoding} -t UTF-8 {shown(file)} > {made})"
        )
    if _is_binary(data[:HEAD]):
        raise UserError(
            f"{called} {shown(file)}: this is not a text file: give UTF-8 text, one name per line"
        )
    text = data.decode("utf-8", "surrogateescape").removeprefix("\ufeff")
    return text.replace("\r\n", "\n").replace("\r", "\n").split("\n")


def wide(head: bytes) -> str | None:
    """The encoding (iconv's name) of text with two or four bytes per character, or None."""
    for mark, name in MARKS:
        if head.startswith(mark):
            return name
    count = len(head) // 4
    if not count or 0 not in head:
        return None
    # western letters have zeros at the same positions of every character
    zero = [head[place : 4 * count : 4].count(0) / count > 0.5 for place in range(4)]
    known = {
        (False, True, True, True): "UTF-32LE",
        (True, True, True, False): "UTF-32BE",
        (False, True, False, True): "UTF-16LE",
        (True, False, True, False): "UTF-16BE",
    }
    return known.get((zero[0], zero[1], zero[2], zero[3]))


def _is_binary(head: bytes) -> bool:
    return 0 in head or sum(byte in CONTROL for byte in head) > MOST_CONTROL * len(head)
