"""Replace characters that stdout or stderr cannot encode with readable ones, instead of crashing.

It is an error handler of Python's codecs, so it covers every library that prints. ASCII, latin-1
and cp1252 lack `→`, `±` or `─`; all encodings lack the surrogates that Python uses for bytes of
file names that are not UTF-8.
"""

import codecs
import functools
import sys

from wavegan.cli._guarded import behind, guard
from wavegan.readable import BYTES

HANDLER = "wavegan-readable"
ASCII = "wavegan-ascii"
SIGNS = str.maketrans(
    {
        "×": "x",
        "−": "-",
        "–": "-",
        "—": "-",
        "±": "+-",
        "→": "->",
        "↑": "^",
        "↓": "v",
        "…": "...",
        "·": "*",
        "•": "*",
        "’": "'",
        "⁵": "^5",
        "µ": "u",
        "─": "-",
        "━": "-",
        "│": "|",
        "┃": "|",
    }
)
FRAMES, DOTS = range(0x2500, 0x25A0), range(0x2800, 0x2900)
"""Characters of frames and bars, and of rich's spinners."""


def make_readable() -> None:
    """Make stdout and stderr replace what they cannot encode and escape control characters.

    Call it once, before anything is printed.
    """
    _register()
    guard()
    for stream in (behind(sys.stdout), behind(sys.stderr)):
        reconfigure = getattr(stream, "reconfigure", None)
        if reconfigure is None:
            continue
        if codecs.lookup(stream.encoding).name == "ascii":
            # typer's echo considers an ASCII stream misconfigured and would write UTF-8
            reconfigure(encoding=ASCII, errors=HANDLER)
        else:
            reconfigure(errors=HANDLER)


@functools.cache
def _register() -> None:
    codecs.register_error(HANDLER, _replace)
    codecs.register(_codec)


def _replace(error: UnicodeError) -> tuple[str, int]:
    if not isinstance(error, UnicodeEncodeError):
        raise error
    text = error.object[error.start : error.end]
    if text == "é" and error.object[error.start - 2 :].startswith("Fréchet"):
        return "e", error.end
    return "".join(map(_sign, text)), error.end


def _sign(character: str) -> str:
    r"""Replace a character by a similar one in ASCII, else by its code.

    >>> "".join(map(_sign, "±×─╭ü\udce9"))
    '+-x-+\\xfc\\xe9'
    """
    number, sign = ord(character), character.translate(SIGNS)
    if sign != character:
        return sign
    if number in BYTES:
        return f"\\x{number - 0xDC00:02x}"
    if number in FRAMES:
        return "+"
    return "*" if number in DOTS else character.encode("ascii", "backslashreplace").decode()


def _codec(name: str) -> codecs.CodecInfo | None:
    if name.replace("_", "-") != ASCII:
        return None
    plain = codecs.lookup("ascii")
    return codecs.CodecInfo(
        plain.encode,
        plain.decode,
        streamreader=plain.streamreader,
        streamwriter=plain.streamwriter,
        incrementalencoder=plain.incrementalencoder,
        incrementaldecoder=plain.incrementaldecoder,
        name=ASCII,
    )
