"""What follows a step."""

from typing import NamedTuple


class Due(NamedTuple):
    """What is to be done after a step.

    Attributes:
        logs: means are written down.
        validates: held-out files are measured.
        saves: a checkpoint is written.
        stop: a signal asked for the end.
        last: it was the last step.
    """

    logs: bool
    validates: bool
    saves: bool
    stop: bool
    last: bool

    @property
    def sound(self) -> bool:
        """Whether the networks have to be sound for it."""
        return self.validates or self.saves or self.stop

    @property
    def read(self) -> bool:
        """Whether scalars are read from the device."""
        return self.logs or self.sound
