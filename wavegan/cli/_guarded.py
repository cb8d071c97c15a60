"""Wrap stdout and stderr: escape terminal control characters in everything that is printed.

The wrapper covers every library that writes to `sys.stdout` or `sys.stderr`. Only rich writes
past it, to the stream behind (it needs its own control codes); there, `Screen` escapes the text.
"""

import io
import sys
from typing import Any, TextIO

from wavegan.readable import PROSE, escaped


class Guarded(io.TextIOBase):
    """A stream that escapes what is written to it.

    Attributes:
        rich_proxied_file: the wrapped stream; rich looks for this name.
    """

    def __init__(self, behind: TextIO) -> None:
        self.rich_proxied_file = behind

    def __getattr__(self, name: str) -> Any:
        return getattr(self.rich_proxied_file, name)

    def write(self, text: str) -> int:
        """Write escaped text."""
        self.rich_proxied_file.write(escaped(text, PROSE))
        return len(text)

    def flush(self) -> None:
        """Flush the wrapped stream."""
        self.rich_proxied_file.flush()

    def close(self) -> None:
        """Do nothing: Python closes this object when it is collected; the stream stays open."""

    def fileno(self) -> int:
        """File number of the wrapped stream."""
        return self.rich_proxied_file.fileno()

    def isatty(self) -> bool:
        """Whether the wrapped stream is a terminal."""
        return self.rich_proxied_file.isatty()

    @property
    def encoding(self) -> str:  # type: ignore[override]
        """Encoding of the wrapped stream."""
        return self.rich_proxied_file.encoding

    @property
    def errors(self) -> str | None:  # type: ignore[override]
        """Error handler of the wrapped stream."""
        return self.rich_proxied_file.errors


def guard() -> None:
    """Wrap stdout and stderr. Call again after a live bar has replaced them."""
    for name in ("stdout", "stderr"):
        stream = getattr(sys, name)
        if not isinstance(stream, Guarded | None):
            setattr(sys, name, Guarded(stream))


def behind(stream: TextIO) -> TextIO:
    """The innermost stream, without the wrappers of live bars and of the guard."""
    while (further := getattr(stream, "rich_proxied_file", None)) is not None:
        stream = further
    return stream
