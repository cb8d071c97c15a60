"""Errors: `UserError` for wrong input (exit code 2), `RunError` for failures (exit code 1)."""

import difflib
import re
from collections.abc import Iterable
from pathlib import Path

from wavegan.readable import JOINERS, UNSEEN, escaped


class _LocatedError(Exception):
    """An error with the file or field that it is about.

    Args:
        reason: what is wrong, and what to do.
        at: the file or field, if the reason does not name it.

    Attributes:
        reason, at: the arguments, `at` as text. The message is `at: reason` in one line: libraries'
            reasons and names in untrusted files may hold line breaks.
    """

    def __init__(self, reason: str, *, at: Path | str = "") -> None:
        self.reason, self.at = reason, str(at)
        kept = UNSEEN + JOINERS
        line = escaped(re.sub(r"\s*[\r\n]\s*", " ", reason), kept)
        super().__init__(f"{escaped(self.at, kept)}: {line}" if self.at else line)


class UserError(_LocatedError, ValueError):
    """A mistake in the input: a file, a field, a name. The command line exits with 2.

    The message is one line that names the file or the field and says what to do.
    """


class RunError(_LocatedError, RuntimeError):
    """Something failed although the input was valid. The command line exits with 1."""


def reason(error: Exception, at: Path | str) -> str:
    """The message without the place if that is `at`, else the whole message."""
    if isinstance(error, _LocatedError) and error.at == str(at):
        return error.reason
    return str(error)


def suggest(word: str, known: Iterable[str]) -> str:
    """The end of a message: `; did you mean 'x'?` for a near miss, else all known names."""
    names = sorted(known)
    near = difflib.get_close_matches(word, names, n=1)
    if near:
        return f"; did you mean {near[0]!r}?"
    return f"; known: {', '.join(names)}" if names else ""
