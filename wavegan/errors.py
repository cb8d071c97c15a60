"""The two ways a command ends badly, told apart by who can mend it."""

import difflib
from collections.abc import Iterable
from pathlib import Path


class _ToldError(Exception):
    """What both have in common.

    Args:
        reason: what is wrong, and what to do.
        at: the file or field that it is about, where the reason does not name it.

    Attributes:
        reason, at: the same, `at` as text. The message is `at: reason`.
    """

    def __init__(self, reason: str, *, at: Path | str = "") -> None:
        self.reason, self.at = reason, str(at)
        super().__init__(f"{self.at}: {reason}" if self.at else reason)


class UserError(_ToldError, ValueError):
    """A mistake in what was given: a file, a field, a name. The command line exits with 2.

    The message is one line that names the file or the field and says what to do.
    """


class RunError(_ToldError, RuntimeError):
    """Something failed although what was asked for was valid. The command line exits with 1."""


def reason(error: Exception, at: Path | str) -> str:
    """What is wrong, for who knows already what it is about; else the whole message."""
    if isinstance(error, _ToldError) and error.at == str(at):
        return error.reason
    return str(error)


def suggest(word: str, known: Iterable[str]) -> str:
    """`; did you mean 'x'?` for a near miss, else all that is known, for the end of a message."""
    names = sorted(known)
    near = difflib.get_close_matches(word, names, n=1)
    if near:
        return f"; did you mean {near[0]!r}?"
    return f"; known: {', '.join(names)}" if names else ""
