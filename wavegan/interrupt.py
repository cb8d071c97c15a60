"""Stop a run on a signal: print what happens, save, exit. A second signal exits without saving."""

import contextlib
import signal
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from enum import Enum
from types import FrameType

ECHO = 1.0
"""Seconds within which another signal counts as a copy of the first one: a terminal or a cluster
sends a signal to all processes, and launchers forward it to each of them once more."""
STOPS = ("SIGINT", "SIGTERM", "SIGHUP", "SIGUSR1")
"""Ctrl-C; `kill`; a closed terminal; a cluster's warning that the time is nearly over."""


class Phase(Enum):
    """What a run is doing; the value is printed when a signal comes."""

    PREPARING = "stopping; no step is done since the start, so there is nothing to save"
    STEP = "saving after this step"
    VALIDATION = "stopping this validation, then saving"
    PREVIEW = "stopping these previews; the checkpoint is already saved"
    SAVE = "stopping as soon as this checkpoint is saved"
    ENDING = "stopping; everything is saved"


class StoppedEarly(BaseException):
    """Stops work that may stay unfinished; not an `Exception`, so `except Exception` passes it."""


@dataclass
class Interrupt:
    """Which signal asked to stop, if one did.

    Attributes:
        signal: its number.
        say: called immediately with a text that says what happens now.
        phase: what the run is doing.
        at: time of the last signal, seconds of `time.monotonic`.
    """

    signal: int | None = None
    say: Callable[[str], None] = field(default=lambda _: None)
    phase: Phase = Phase.STEP
    at: float = 0.0

    @property
    def exit_code(self) -> int:
        """130 after Ctrl-C, 143 after SIGTERM, 128 + number after another signal, else 0."""
        return 0 if self.signal is None else 128 + self.signal

    @contextmanager
    def during(self, phase: Phase) -> Iterator[None]:
        """Set the phase inside this context."""
        before, self.phase = self.phase, phase
        try:
            yield
        finally:
            self.phase = before

    def receive(self, number: int) -> None:
        """Handle a signal.

        Raises:
            KeyboardInterrupt: it is the second signal, or there is nothing to save.
            StoppedEarly: the current work may stay unfinished.
        """
        if self.signal is not None:
            if time.monotonic() - self.at < ECHO:
                return
            self.at = time.monotonic()
            self.say("stopping without saving")
            _leave(KeyboardInterrupt)
            return
        self.signal, self.at, phase = number, time.monotonic(), self.phase
        name = "Ctrl-C" if number == signal.SIGINT else signal.Signals(number).name
        again = "" if phase in _AT_ONCE else "; press Ctrl-C again to stop without saving"
        self.say(f"{name}: {phase.value}{again}")
        if phase is Phase.PREPARING:
            _leave(KeyboardInterrupt)
        if phase in (Phase.VALIDATION, Phase.PREVIEW):
            _leave(StoppedEarly)


@dataclass
class _Delay:
    """The number of open blocks in which nothing may be raised, and what to raise after them."""

    depth: int = 0
    late: type[BaseException] | None = None


_delay = _Delay()


@contextmanager
def delay_signals() -> Iterator[None]:
    """Delay exceptions of signals until the end of this block.

    C libraries that call back into Python print such an exception and then ignore it.
    """
    _delay.depth += 1
    try:
        yield
    finally:
        _delay.depth -= 1
        late, _delay.late = _delay.late, None
        if late is not None:
            _leave(late)


def _leave(error: type[BaseException]) -> None:
    if _delay.depth:
        _delay.late = error
        return
    raise error


_AT_ONCE = {Phase.PREPARING, Phase.PREVIEW, Phase.ENDING}


@contextmanager
def watch(say: Callable[[str], None] = lambda _: None) -> Iterator[Interrupt]:
    """Record the first stop signal instead of dying from it; restores the handlers at the end.

    Args:
        say: called immediately with a text that says what happens now, between any two
            instructions.
    """
    interrupt = Interrupt(say=say, phase=Phase.PREPARING)
    previous: dict[int, object] = {}

    def note(number: int, _frame: FrameType | None) -> None:
        interrupt.receive(number)

    for number in stops():
        previous[number] = signal.signal(number, note)
    try:
        yield interrupt
    finally:
        for number, handler in previous.items():
            with contextlib.suppress(TypeError):  # a handler that was not Python's
                signal.signal(number, handler)  # type: ignore[arg-type]


def stops() -> list[int]:
    """The stop signals of this system; those ignored already, as under `nohup`, stay ignored."""
    known = [getattr(signal, name) for name in STOPS if hasattr(signal, name)]
    ignored = signal.SIG_IGN
    return [
        number
        for number in known
        if number == signal.SIGINT or signal.getsignal(number) is not ignored
    ]
