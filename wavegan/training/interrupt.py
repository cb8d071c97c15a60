"""Ctrl-C and SIGTERM: finish the step, save, leave. A second signal leaves at once."""

import signal
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from types import FrameType


@dataclass
class Interrupt:
    """Which signal asked to stop, if one did."""

    signal: int | None = None

    @property
    def exit_code(self) -> int:
        """130 after Ctrl-C, 143 after SIGTERM, 0 if nothing happened."""
        return 0 if self.signal is None else 128 + self.signal


@contextmanager
def watch() -> Iterator[Interrupt]:
    """Note the first SIGINT or SIGTERM instead of dying of it; restores the handlers after."""
    interrupt = Interrupt()

    def note(number: int, _frame: FrameType | None) -> None:
        if interrupt.signal is not None:
            raise KeyboardInterrupt
        interrupt.signal = number
        if hasattr(signal, "SIGCHLD"):
            # a signal to the whole group ends the readers too; torch would raise in mid-step
            previous[signal.SIGCHLD] = signal.signal(signal.SIGCHLD, lambda *_: None)

    previous = {number: signal.signal(number, note) for number in (signal.SIGINT, signal.SIGTERM)}
    try:
        yield interrupt
    finally:
        for number, handler in previous.items():
            signal.signal(number, handler)
