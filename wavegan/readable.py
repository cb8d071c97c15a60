"""Text from elsewhere, fit to be shown: characters that act on a screen become their numbers.

Names of files, labels, tags and other people's results may hold what moves a terminal's cursor,
sets its colours, writes its clipboard or turns the direction of a line.
"""

import functools

BYTES = range(0xDC80, 0xDD00)
"""What Python makes of bytes in names of files that are not UTF-8."""
LAYOUT = "\n\t"
UNSEEN = "".join(map(chr, (0xA0, 0x1680, *range(0x2000, 0x200B), 0x202F, 0x205F, 0x3000)))
"""Spaces other than U+0020."""
JOINERS = "\u200c\u200d"
"""Persian, Indic scripts and emoji are spelt with them."""
PROSE = LAYOUT + UNSEEN + JOINERS
"""What harms no screen and stays in running text; a name that is spelt out shows it too."""


def escaped(text: str, keep: str = "") -> str:
    r"""Replace what no screen shows as a character of its own: controls, turns of direction, bytes.

    Done twice it changes nothing more.

    Args:
        text: anything.
        keep: characters that stay, whatever they are.

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
    # the one control that JSON leaves as it is: so what is escaped is JSON still, of the same value
    return "\\u007f" if number == 0x7F else repr(character)[1:-1]
