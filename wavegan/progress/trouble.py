"""What can be wrong with a training, as it is told."""

from dataclasses import dataclass
from typing import Literal

Player = Literal["G", "D"]
Action = Literal["continue", "stop", "lower_rate", "more_data", "restart", "wait"]


@dataclass(frozen=True)
class Trouble:
    """Something wrong.

    Attributes:
        name: what, in a word or two.
        player: whose, or None.
        text: a sentence with the figures.
        remedy: a sentence that says what to do.
        action: what that comes to.
    """

    name: str
    player: Player | None
    text: str
    remedy: str
    action: Action
