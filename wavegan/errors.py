"""The two ways a command ends badly, told apart by who can mend it."""


class UserError(ValueError):
    """A mistake in what was given: a file, a field, a name. The command line exits with 2.

    The message is one line that names the file or the field and says what to do.
    """


class RunError(RuntimeError):
    """Something failed although what was asked for was valid. The command line exits with 1."""
