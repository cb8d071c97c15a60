"""Names of another project's weights, turned into this package's by a map that is data."""

import re
from collections.abc import Mapping, Sequence
from pathlib import Path

from torch import Tensor

from wavegan.errors import UserError

Rules = Sequence[tuple[str, str]]


def rename(weights: Mapping[str, Tensor], rules: Rules, file: Path) -> dict[str, Tensor]:
    """Rename every weight by the first rule that fits its whole name.

    Args:
        weights: by the project's names.
        rules: regular expressions, each with what becomes of a name; groups
            of the expression may be used in it.
        file: where the weights come from, for the message.

    Raises:
        UserError: no rule fits a name, so the network is another than the rules are for.
    """
    return {_renamed(name, rules, file): value for name, value in weights.items()}


def moved(places: Mapping[str, str]) -> Rules:
    """Rules by which modules move: `{"model.1": "conv_pre"}` and whatever is inside them."""
    return [(rf"{re.escape(old)}\.(.+)", rf"{new}.\1") for old, new in places.items()]


def _renamed(name: str, rules: Rules, file: Path) -> str:
    for pattern, replacement in rules:
        match = re.fullmatch(pattern, name)
        if match:
            return match.expand(replacement)
    raise UserError(f"{file}: the weight {name!r} has no place in the network it should be of")
