"""Signals that ask a run to stop: say what happens, save, leave. A second one leaves at once."""

import contextlib
import signal
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from enum import Enum
from types import FrameType

ECHO = 1.0
"""Seconds within which another signal is the first one's echo: launchers pass on to each process
what a terminal, or a cluster, has sent to all of them."""
STOPS = ("SIGINT", "SIGTERM", "SIGHUP", "SIGUSR1")
"""Ctrl-C; `kill`; a closed terminal; a cluster's warning that the time is nearly over."""


class Phase(Enum):
    """What a run is doing, by what a signal makes of it."""

    PREPARING = "leaving; no step is done since the start, so there is nothing to save"
    STEP = "saving after this step"
    VALIDATION = "leaving this validation unfinished, then saving"
    PREVIEW = "leaving these previews unfinished, the checkpoint is saved"
    SAVE = "leaving as soon as this checkpoint is saved"
    ENDING = "leaving, all is saved"


class LeftEarly(BaseException):
    """A signal came where nothing is lost by leaving; no `Exception`, so that none takes it."""


@dataclass
class Interrupt:
    """Which signal asked to stop, if one did.

    Attributes:
        signal: its number.
        say: is told at once what happens now.
        phase: what the run is doing.
        at: when the last one came, seconds of `time.monotonic`.
    """

    signal: int | None = None
    say: Callable[[str], None] = field(default=lambda _: None)
    phase: Phase = Phase.STEP
    at: float = 0.0

    @property
    def exit_code(self) -> int:
        """130 after Ctrl-C, 143 after SIGTERM, 128 and its number after another signal, else 0."""
        return 0 if self.signal is None else 128 + self.signal

    @contextmanager
    def during(self, phase: Phase) -> Iterator[None]:
        """Mark what the run is doing inside."""
        before, self.phase = self.phase, phase
        try:
            yield
        finally:
            self.phase = before

    def receive(self, number: int) -> None:
        """Answer a signal.

        Raises:
            KeyboardInterrupt: it is the second, or there is nothing to save.
            LeftEarly: what is being done can be left.
        """
        if self.signal is not None:
            if time.monotonic() - self.at < ECHO:
                return
            self.at = time.monotonic()
            self.say("leaving without saving")
            _leave(KeyboardInterrupt)
            return
        self.signal, self.at, phase = number, time.monotonic(), self.phase
        name = "Ctrl-C" if number == signal.SIGINT else signal.Signals(number).name
        again = "" if phase in _AT_ONCE else "; Ctrl-C again to leave without saving"
        self.say(f"{name}: {phase.value}{again}")
        if phase is Phase.PREPARING:
            _leave(KeyboardInterrupt)
        if phase in (Phase.VALIDATION, Phase.PREVIEW):
            _leave(LeftEarly)


@dataclass
class _Shelter:
    """How many blocks that nothing is to be raised in are open, and what is to be raised then."""

    depth: int = 0
    late: type[BaseException] | None = None


_shelter = _Shelter()


@contextmanager
def undisturbed() -> Iterator[None]:
    """Let a signal raise only after this block.

    Libraries in C that call back into Python print an exception there, and go on without it.
    """
    _shelter.depth += 1
    try:
        yield
    finally:
        _shelter.depth -= 1
        late, _shelter.late = _shelter.late, None
        if late is not None:
            _leave(late)


def _leave(error: type[BaseException]) -> None:
    if _shelter.depth:
        _shelter.late = error
        return
    raise error


_AT_ONCE = {Phase.PREPARING, Phase.PREVIEW, Phase.ENDING}


@contextmanager
def watch(say: Callable[[str], None] = lambda _: None) -> Iterator[Interrupt]:
    """Note the first signal that asks to stop instead of dying of it; restores the handlers after.

    Args:
        say: is told at once what happens now; it may be called between any two instructions.
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
    """The signals of this system that ask to stop; `nohup`'s wish to outlive a terminal holds."""
    known = [getattr(signal, name) for name in STOPS if hasattr(signal, name)]
    ignored = signal.SIG_IGN
    return [
        number
        for number in known
        if number == signal.SIGINT or signal.getsignal(number) is not ignored
    ]
