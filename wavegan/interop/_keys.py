"""Rename another project's weights by a table of rules."""

import re
from collections.abc import Mapping, Sequence
from pathlib import Path

from torch import Tensor

from wavegan.errors import UserError

Rules = Sequence[tuple[str, str]]


def rename(weights: Mapping[str, Tensor], rules: Rules, file: Path) -> dict[str, Tensor]:
    """Rename every weight by the first rule that matches its whole name.

    Args:
        weights: weights by the project's names.
        rules: pairs of a regular expression and its replacement, which may use groups.
        file: file of the weights, for the message.

    Raises:
        UserError: no rule matches a name, so the rules are for another network.
    """
    return {_renamed(name, rules, file): value for name, value in weights.items()}


def moved(places: Mapping[str, str]) -> Rules:
    """Rules that rename modules with all their contents: `{"model.1": "conv_pre"}`."""
    return [(rf"{re.escape(old)}\.(.+)", rf"{new}.\1") for old, new in places.items()]


def _renamed(name: str, rules: Rules, file: Path) -> str:
    for pattern, replacement in rules:
        match = re.fullmatch(pattern, name)
        if match:
            return match.expand(replacement)
    raise UserError(
        f"the weight {name!r} does not belong to the expected network; "
        "check that weights and configuration are of one model",
        at=file,
    )
