"""Streams whose screen obeys rich alone: in all other text, what acts on a terminal is escaped.

One mechanism for all that is printed, by whichever library: what stands before `sys.stdout` and
`sys.stderr`. Rich knows such streams and writes behind them, so what it prints of others' text is
escaped by `Screen`.
"""

import io
import sys
from typing import Any, TextIO

from wavegan.readable import PROSE, escaped


class Guarded(io.TextIOBase):
    """A stream that escapes what is written to it.

    Attributes:
        rich_proxied_file: the stream behind; rich looks for this name.
    """

    def __init__(self, behind: TextIO) -> None:
        self.rich_proxied_file = behind

    def __getattr__(self, name: str) -> Any:
        return getattr(self.rich_proxied_file, name)

    def write(self, text: str) -> int:
        """Write text as a screen may have it."""
        self.rich_proxied_file.write(escaped(text, PROSE))
        return len(text)

    def flush(self) -> None:
        """Hand on what is buffered."""
        self.rich_proxied_file.flush()

    def close(self) -> None:
        """Leave the stream behind open: who forgets us closes us, not what is behind."""

    def fileno(self) -> int:
        """Of the stream behind."""
        return self.rich_proxied_file.fileno()

    def isatty(self) -> bool:
        """Whether a person sees it."""
        return self.rich_proxied_file.isatty()

    @property
    def encoding(self) -> str:  # type: ignore[override]
        """Of the stream behind."""
        return self.rich_proxied_file.encoding

    @property
    def errors(self) -> str | None:  # type: ignore[override]
        """Of the stream behind."""
        return self.rich_proxied_file.errors


def guard() -> None:
    """Stand before stdout and stderr; once, or again where a live bar has come before them."""
    for name in ("stdout", "stderr"):
        stream = getattr(sys, name)
        if not isinstance(stream, Guarded | None):
            setattr(sys, name, Guarded(stream))


def behind(stream: TextIO) -> TextIO:
    """The stream that all stands before: bars, and the guard."""
    while (further := getattr(stream, "rich_proxied_file", None)) is not None:
        stream = further
    return stream
