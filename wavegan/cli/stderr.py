"""Standard error that outlives its reader: a closed terminal, or a `| tee` that Ctrl-C ended."""

import contextlib
import io
import os
import sys
from typing import TextIO

from wavegan.cli._guarded import Guarded, behind
from wavegan.readable import PROSE, escaped


class Stderr(io.TextIOBase):
    """The file behind `sys.stderr`, whichever that is at the time; without a reader, nobody's.

    What cannot be said is no reason to lose what is being saved.
    """

    def write(self, text: str) -> int:
        """Write, or be silent from now on."""
        try:
            _behind().write(text)
        except RuntimeError:
            # a signal came in the middle of another write
            with contextlib.suppress(OSError):
                os.write(2, text.encode(errors="replace"))
        except (OSError, ValueError):
            _silence()
        return len(text)

    def flush(self) -> None:
        """Hand on what is buffered."""
        try:
            _behind().flush()
        except (OSError, ValueError, RuntimeError):
            _silence()

    def isatty(self) -> bool:
        """Whether a person sees it."""
        return _behind().isatty()

    @property
    def encoding(self) -> str:  # type: ignore[override]
        """Of the text."""
        return getattr(_behind(), "encoding", None) or "utf-8"


def say(line: str) -> None:
    """Write a line for people, above a live bar where there is one."""
    stream, text = Stderr(), escaped(line, PROSE) + "\n"
    if _has_bar(sys.stderr):
        sys.stderr.write(text)
        return
    stream.write(text)
    stream.flush()


def _behind() -> TextIO:
    """`sys.stderr` itself: the guard, and rich's own while a bar is live, stand before it."""
    return behind(sys.stderr)


def _has_bar(stream: TextIO) -> bool:
    while isinstance(stream, Guarded):
        stream = stream.rich_proxied_file
    return hasattr(stream, "rich_proxied_file")


def _silence() -> None:
    with contextlib.suppress(OSError, ValueError):
        os.dup2(os.open(os.devnull, os.O_WRONLY), _behind().fileno())
