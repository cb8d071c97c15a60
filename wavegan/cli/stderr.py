"""Standard error that outlives its reader: a closed terminal, or a `| tee` that Ctrl-C ended."""

import contextlib
import io
import os
import sys


class Stderr(io.TextIOBase):
    """`sys.stderr`, whatever that is at the time; once its reader is gone, nobody's.

    What cannot be said is no reason to lose what is being saved.
    """

    def write(self, text: str) -> int:
        """Write, or be silent from now on."""
        try:
            sys.stderr.write(text)
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
            sys.stderr.flush()
        except (OSError, ValueError, RuntimeError):
            _silence()

    def isatty(self) -> bool:
        """Whether a person sees it."""
        return sys.stderr.isatty()

    @property
    def encoding(self) -> str:  # type: ignore[override]
        """Of the text."""
        return getattr(sys.stderr, "encoding", None) or "utf-8"


def say(line: str) -> None:
    """Write a line for people."""
    stream = Stderr()
    stream.write(line + "\n")
    stream.flush()


def _silence() -> None:
    with contextlib.suppress(OSError, ValueError):
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stderr.fileno())
