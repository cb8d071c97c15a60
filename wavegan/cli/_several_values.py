"""Options that take several values: `--seconds 1,10` and `--seconds 1 10` are the same."""

from collections.abc import Callable
from typing import Any, TypeVar

from typer.core import TyperCommand

from wavegan.errors import UserError

Value = TypeVar("Value", int, float)
OPTIONS = ("--seconds", "--threads", "--batch")
"""Options whose values are numbers."""


class SeveralNumbers(TyperCommand):
    """A command that joins the numbers after such an option with commas."""

    def parse_args(self, ctx: Any, args: list[str]) -> list[str]:
        """Join, then parse."""
        joined: list[str] = []
        values = 0
        """Words of the open list, with its option; 0 if there is none."""
        for word in args:
            if values > 1 and _is_number(word):
                joined[-1] += f",{word}"
            else:
                joined.append(word)
                values = 1 if word in OPTIONS else values + 1 if values == 1 else 0
        return super().parse_args(ctx, joined)


def numbers(option: str, text: str, kind: Callable[[str], Value], least: Value) -> list[Value]:
    """The numbers of a comma-separated list, each once.

    Raises:
        UserError: one of them is not a number of this kind, not finite, or below `least`.
    """
    found: dict[Value, None] = {}
    for word in text.split(","):
        try:
            value = kind(word)
        except ValueError:
            value = None
        if value is None or not least <= value < float("inf"):
            what = "whole numbers" if kind is int else "numbers"
            raise UserError(f"{option} {text}: give {what} of at least {least:g}, such as 1,8")
        found[value] = None
    return list(found)


def _is_number(word: str) -> bool:
    try:
        float(word)
    except ValueError:
        return False
    return True
