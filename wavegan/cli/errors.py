"""Report errors of commands: one line on stderr and an exit code, no traceback."""

import os
import sys
import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import typer
from typer.core import TyperGroup

from wavegan.cli._streams import make_readable
from wavegan.cli.stderr import say
from wavegan.errors import RunError, UserError
from wavegan.readable import PROSE, escaped

MISTAKE, FAILURE, INTERRUPTED = 2, 1, 130
DEBUG = "WAVEGAN_DEBUG"


class ReportingGroup(TyperGroup):
    """The group of commands; turns exceptions into a line on stderr and an exit code.

    2: a user error; 1: a failure; 130: Ctrl-C. `--debug` anywhere on the line (or the environment
    variable WAVEGAN_DEBUG) shows tracebacks.
    """

    def parse_args(self, ctx: Any, args: list[str]) -> list[str]:
        """Prepare the streams, accept `--debug` anywhere, expand `~`, then parse."""
        make_readable()
        if "--debug" in args:
            os.environ[DEBUG] = "1"
            args = [argument for argument in args if argument != "--debug"]
        with _usage_escaped():
            return super().parse_args(ctx, [_expand_home(argument) for argument in args])

    def _main_shell_completion(
        self, ctx_args: Any, prog_name: str, complete_var: str | None = None
    ) -> None:
        """Answer a shell's completion request; errors and warnings stay silent."""
        try:
            with warnings.catch_warnings():
                warnings.simplefilter("ignore")
                super()._main_shell_completion(ctx_args, prog_name, complete_var)
        except Exception:
            sys.exit(FAILURE)

    def invoke(self, ctx: Any) -> Any:
        """Run a command and report its errors."""
        try:
            with warnings.catch_warnings(), _usage_escaped():
                if not os.environ.get(DEBUG):
                    warnings.showwarning = _show
                return super().invoke(ctx)
        except BrokenPipeError:
            # the reader of stdout is gone; a second complaint at exit would be noise
            os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
            raise typer.Exit(FAILURE) from None
        except (typer.Exit, typer.Abort):
            raise
        except (UserError, *FAILURES) as error:
            _end(*_report(error))


@contextmanager
def _usage_escaped() -> Iterator[None]:
    """Escape the user's words in usage errors: typer prints these with rich, past the guard."""
    try:
        yield
    except Exception as error:
        # typer's classes of usage errors are not public
        if hasattr(error, "format_message") and hasattr(error, "message"):
            error.message = escaped(str(error.message))
        raise


def _expand_home(word: str) -> str:
    """Expand `~` in `--out=~/runs`, which shells do not."""
    option, equals, value = word.partition("=")
    meant = option.startswith("--") and value.startswith("~")
    return f"{option}{equals}{os.path.expanduser(value)}" if meant else word


FAILURES = (
    KeyboardInterrupt, OSError, UnicodeEncodeError, MemoryError, RuntimeError, ImportError,
)  # fmt: skip


def _report(error: BaseException) -> tuple[str, int]:
    """The line to print for an error, and the exit code."""
    if isinstance(error, KeyboardInterrupt):
        return "interrupted", INTERRUPTED
    if isinstance(error, UserError | RunError):
        return f"error: {error}", MISTAKE if isinstance(error, UserError) else FAILURE
    if isinstance(error, OSError):
        name = f"{error.filename}: " if error.filename else ""
        return f"error: {name}{error.strerror or error}", FAILURE
    if isinstance(error, ImportError):
        return f'error: {error}: to install it: pip install "wavegan[train]"', FAILURE
    if isinstance(error, UnicodeEncodeError):
        problem = f"{error.object[:200]!r} cannot be written in {error.encoding}"
        return f"error: {problem}: set LC_ALL=C.UTF-8 or PYTHONUTF8=1", FAILURE
    first = str(error).strip().splitlines()[0] if str(error).strip() else repr(error)
    return f"error: {first} (--debug shows the traceback)", FAILURE


def _show(message: Warning | str, *_where: object, **_source: object) -> None:
    say(f"warning: {' '.join(str(message).split())}")


def _end(line: str, code: int) -> None:
    if os.environ.get(DEBUG):
        raise  # noqa: PLE0704  # called from an except block
    say(" ".join(escaped(line, PROSE).split()))
    raise typer.Exit(code)
