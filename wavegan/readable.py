"""Escape untrusted text for a terminal or a page.

File names, labels, tags and results of others may hold control characters that move a terminal's
cursor, set its colours, write its clipboard or reverse the direction of a line.
"""

import functools

BYTES = range(0xDC80, 0xDD00)
"""Surrogate escapes: Python's characters for bytes in file names that are not UTF-8."""
LAYOUT = "\n\t"
UNSEEN = "".join(map(chr, (0xA0, 0x1680, *range(0x2000, 0x200B), 0x202F, 0x205F, 0x3000)))
"""Spaces other than U+0020."""
JOINERS = "\u200c\u200d"
"""Zero-width joiners, which Persian, Indic scripts and emoji need."""
PROSE = LAYOUT + UNSEEN + JOINERS
"""Harmless characters to keep in running text. In names they are escaped too."""


def escaped(text: str, keep: str = "") -> str:
    r"""Escape unprintable characters: control characters, direction marks, invalid bytes.

    A second call changes nothing.

    Args:
        text: any text.
        keep: characters to leave as they are.

    >>> print(escaped("a\x1b[2J\r\u202eb\udce9\n"))
    a\x1b[2J\r\u202eb\xe9\n
    """
    if text.isprintable():
        return text
    return "".join(c if c.isprintable() or c in keep else _number(c) for c in text)


@functools.cache
def _number(character: str) -> str:
    number = ord(character)
    if number in BYTES:
        return f"\\x{number - 0xDC00:02x}"
    # JSON leaves U+007F unescaped; written like this, escaped JSON keeps its value
    return "\\u007f" if number == 0x7F else repr(character)[1:-1]
