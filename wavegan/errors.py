"""The two ways a command ends badly, told apart by who can mend it."""

import difflib
from collections.abc import Iterable


class UserError(ValueError):
    """A mistake in what was given: a file, a field, a name. The command line exits with 2.

    The message is one line that names the file or the field and says what to do.
    """


class RunError(RuntimeError):
    """Something failed although what was asked for was valid. The command line exits with 1."""


def suggest(word: str, known: Iterable[str]) -> str:
    """`; did you mean 'x'?` for a near miss, else all that is known, for the end of a message."""
    names = sorted(known)
    near = difflib.get_close_matches(word, names, n=1)
    if near:
        return f"; did you mean {near[0]!r}?"
    return f"; known: {', '.join(names)}" if names else ""
