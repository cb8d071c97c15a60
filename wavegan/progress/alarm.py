"""Problems of a training run as data; `wording` turns them into text."""

import math
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Literal, cast, get_args

from wavegan import aliases

Network = Literal["generator", "discriminator"]
Action = Literal["continue", "stop", "lower_rate", "more_data", "restart", "wait"]
Source = Literal["training", "validation"]
Name = Literal[
    "blind",
    "memorized",
    "collapse",
    "exploding",
    "loader waits",
    "not finite",
    "one-sided",
    "overpowering",
    "rate gone",
    "vanishing",
]

LETTERS: Mapping[Network, str] = {"generator": "G", "discriminator": "D"}
"""Names of the networks in messages."""


@dataclass(frozen=True)
class Alarm:
    """A problem of a training run.

    Attributes:
        name: the kind; None if another version wrote it and only `text` is known.
        network: the network at fault; None if it is not one network.
        action: what to do.
        step: step at which it was found.
        numbers: the figures that show it, and those for the remedy; NaN if not finite.
        source: where the figures are from: training windows or a validation.
        term: key of the figure in `metrics.jsonl`, if it is one of many.
        text: the text of the line it was read from.
    """

    name: Name | None
    network: Network | None
    action: Action
    step: int
    numbers: Mapping[str, float] = field(default_factory=dict)
    source: Source = "training"
    term: str = ""
    text: str = ""

    @classmethod
    def of_line(cls, line: Mapping[str, Any]) -> "Alarm":
        """The alarm of a line of `metrics.jsonl`; only validations write them.

        Args:
            line: `step` and `text`; newer runs also have `name`, `network`, `action` and
                `numbers`.
        """
        name, network, action = line.get("name"), line.get("network"), line.get("action")
        name = aliases.ALARMS.get(str(name), name)
        step, text = int(line["step"]), str(line.get("text", ""))
        known = name in get_args(Name) and action in get_args(Action)
        if not known or network not in (None, *LETTERS):
            return cls(None, None, "continue", step, source="validation", text=text)
        numbers = {k: math.nan if v is None else v for k, v in line.get("numbers", {}).items()}
        return cls(
            cast("Name", name),
            network,
            cast("Action", action),
            step,
            numbers,
            source="validation",
            text=text,
        )

    def to_dict(self) -> dict[str, Any]:
        """For JSON, without step and text; null for numbers that are not finite."""
        if self.name is None:
            return {}
        numbers = {key: v if math.isfinite(v) else None for key, v in self.numbers.items()}
        return {
            "name": self.name,
            "network": self.network,
            "action": self.action,
            "numbers": numbers,
        }
