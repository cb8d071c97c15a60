"""Write to stderr without failing when its reader is gone (a closed terminal, a killed `| tee`)."""

import contextlib
import io
import os
import sys
from typing import TextIO

from wavegan.cli._guarded import Guarded, behind
from wavegan.readable import PROSE, escaped


class Stderr(io.TextIOBase):
    """The stream behind the current `sys.stderr`; /dev/null once the reader is gone.

    A message that cannot be printed must not interrupt the saving of a checkpoint.
    """

    def write(self, text: str) -> int:
        """Write; after a failure, write to /dev/null from now on."""
        try:
            _behind().write(text)
        except RuntimeError:
            # a signal handler writes in the middle of another write
            with contextlib.suppress(OSError):
                os.write(2, text.encode(errors="replace"))
        except (OSError, ValueError):
            _silence()
        return len(text)

    def flush(self) -> None:
        """Flush the stream."""
        try:
            _behind().flush()
        except (OSError, ValueError, RuntimeError):
            _silence()

    def isatty(self) -> bool:
        """Whether the stream is a terminal."""
        return _behind().isatty()

    @property
    def encoding(self) -> str:  # type: ignore[override]
        """Encoding of the stream."""
        return getattr(_behind(), "encoding", None) or "utf-8"


def say(line: str) -> None:
    """Print a line on stderr, above a live bar if there is one."""
    stream, text = Stderr(), escaped(line, PROSE) + "\n"
    if _has_bar(sys.stderr):
        sys.stderr.write(text)
        return
    stream.write(text)
    stream.flush()


def _behind() -> TextIO:
    """The innermost stream of `sys.stderr`: the guard wraps it, and rich while a bar is live."""
    return behind(sys.stderr)


def _has_bar(stream: TextIO) -> bool:
    while isinstance(stream, Guarded):
        stream = stream.rich_proxied_file
    return hasattr(stream, "rich_proxied_file")


def _silence() -> None:
    with contextlib.suppress(OSError, ValueError):
        os.dup2(os.open(os.devnull, os.O_WRONLY), _behind().fileno())
