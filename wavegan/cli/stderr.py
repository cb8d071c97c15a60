"""Standard error that outlives its reader: a closed terminal, or a `| tee` that Ctrl-C ended."""

import contextlib
import io
import os
import sys
from typing import TextIO


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
    stream = Stderr()
    if _behind() is not sys.stderr:
        sys.stderr.write(line + "\n")
        return
    stream.write(line + "\n")
    stream.flush()


def _behind() -> TextIO:
    """`sys.stderr` itself: while a bar is live, rich has put something of its own before it."""
    file: TextIO = getattr(sys.stderr, "rich_proxied_file", sys.stderr)
    return file


def _silence() -> None:
    with contextlib.suppress(OSError, ValueError):
        os.dup2(os.open(os.devnull, os.O_WRONLY), _behind().fileno())
