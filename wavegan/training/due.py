"""The actions that are due after a step."""

from typing import NamedTuple


class Due(NamedTuple):
    """Actions that are due after a step.

    Attributes:
        logs: write the means of scalars.
        validates: measure held-out files.
        saves: write a checkpoint.
        stop: a signal asked to stop.
        last: this was the last step.
    """

    logs: bool
    validates: bool
    saves: bool
    stop: bool
    last: bool

    @property
    def sound(self) -> bool:
        """Whether the networks must be finite for these actions."""
        return self.validates or self.saves or self.stop

    @property
    def read(self) -> bool:
        """Whether to read scalars from the device."""
        return self.logs or self.sound
