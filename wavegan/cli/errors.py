"""Errors as people want them: one line on stderr and an exit code, no traceback."""

import os
import sys
import warnings
from typing import Any

import typer
from typer.core import TyperGroup

from wavegan.cli.stderr import say
from wavegan.errors import RunError, UserError

MISTAKE, FAILURE, INTERRUPTED = 2, 1, 130
DEBUG = "WAVEGAN_DEBUG"


class ReportingGroup(TyperGroup):
    """The commands; turns what they raise into a line and an exit code.

    2: the user's mistake; 1: a failure; 130: Ctrl-C. `--debug` (or the variable WAVEGAN_DEBUG)
    anywhere on the line lets tracebacks through.
    """

    def parse_args(self, ctx: Any, args: list[str]) -> list[str]:
        """Take `--debug` from wherever it stands."""
        if "--debug" in args:
            os.environ[DEBUG] = "1"
            args = [argument for argument in args if argument != "--debug"]
        return super().parse_args(ctx, args)

    def invoke(self, ctx: Any) -> Any:
        """Run a command and report how it ended."""
        try:
            with warnings.catch_warnings():
                if not os.environ.get(DEBUG):
                    warnings.showwarning = _show
                return super().invoke(ctx)
        except KeyboardInterrupt:
            _end("interrupted", INTERRUPTED)
        except UserError as error:
            _end(f"error: {error}", MISTAKE)
        except RunError as error:
            _end(f"error: {error}", FAILURE)
        except BrokenPipeError:
            # the reader of stdout is gone; a second complaint at exit would be noise
            os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
            raise typer.Exit(FAILURE) from None
        except OSError as error:
            name = f"{error.filename}: " if error.filename else ""
            _end(f"error: {name}{error.strerror or error}", FAILURE)
        except (MemoryError, RuntimeError) as error:
            if isinstance(error, typer.Exit | typer.Abort):
                raise
            first = str(error).strip().splitlines()[0] if str(error).strip() else repr(error)
            _end(f"error: {first} (--debug shows where)", FAILURE)
        except ImportError as error:
            _end(
                f'error: {error}; pip install "wavegan[train]" brings what training needs', FAILURE
            )


def _show(message: Warning | str, *_where: object, **_source: object) -> None:
    say(f"warning: {' '.join(str(message).split())}")


def _end(line: str, code: int) -> None:
    if os.environ.get(DEBUG):
        raise  # noqa: PLE0704  # called from an except block
    say(" ".join(line.split()))
    raise typer.Exit(code)
