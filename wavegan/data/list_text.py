"""The lines of a list of files, whatever program wrote it; what is no such text is refused."""

import codecs
from pathlib import Path

from wavegan.audio.opening import shown
from wavegan.errors import UserError

HEAD = 4096
"""Bytes that tell what a file is."""
MARKS = (
    # that of UTF-32 begins with that of UTF-16
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
"""How files of audio begin."""
CONTROL = frozenset(range(32)) - frozenset(b"\t\n\v\f\r\x1a\x1b")
MOST_CONTROL = 0.01
"""Share of control characters from which on something is no text."""


def lines(file: Path, called: str) -> list[str]:
    """Read the lines of a text file, of any system, without their ends.

    Args:
        file: UTF-8, with or without a byte order mark; bytes that are not UTF-8 are kept as
            surrogate escapes, as in the names of files.
        called: what to call it in errors: the field or option that names it.

    Raises:
        UserError: it cannot be read, is UTF-16 or UTF-32, audio, or no text at all.
    """
    try:
        data = file.read_bytes()
    except OSError as error:
        raise UserError(f"{called} {shown(file)}: cannot be read ({error.strerror})") from None
    if data.startswith(AUDIO):
        raise UserError(
            f"{called} {shown(file)}: this is an audio file: give a text file with a name per line"
        )
    if encoding := wide(data[:HEAD]):
        made = shown(file.with_name(f"{file.stem}-utf8{file.suffix}"))
        raise UserError(
            f"{called} {shown(file)}: the text is {encoding}: save it as UTF-8 "
            f"(iconv -f {encoding} -t UTF-8 {shown(file)} > {made})"
        )
    if _is_binary(data[:HEAD]):
        raise UserError(
            f"{called} {shown(file)}: this is no text file: give one with a name per line, in UTF-8"
        )
    text = data.decode("utf-8", "surrogateescape").removeprefix("\ufeff")
    return text.replace("\r\n", "\n").replace("\r", "\n").split("\n")


def wide(head: bytes) -> str | None:
    """Name the encoding of text with two or four bytes a character, as iconv does, or None."""
    for mark, name in MARKS:
        if head.startswith(mark):
            return name
    count = len(head) // 4
    if not count or 0 not in head:
        return None
    # letters of western languages leave zeros at the same places of every character
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
