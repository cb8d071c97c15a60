"""The death of a process that reads for training: noticed where it harms nothing, and explained."""

import signal
import threading
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from multiprocessing.process import BaseProcess

from wavegan import deaths
from wavegan.errors import RunError

CHILD = getattr(signal, "SIGCHLD", None)
REFRESH = 10.0
"""Seconds between looks at the system's count of processes that it killed."""
GRACE = 1.0
"""Seconds that a reader whose pipe broke has to be seen dead."""


class ReaderDiedError(RunError):
    """A process that reads for training is gone; what is trained so far is whole."""


class Readers:
    """The readers of one loader; raises of a death only while a batch is waited for.

    Torch raises wherever the training is when a reader dies, in the middle of a step or of a save;
    and where a reader was killed in the middle of a write, it waits at the pipe for ever.
    """

    def __init__(self, processes: Sequence[BaseProcess]) -> None:
        self.processes = processes
        self.waits = False
        self.looked, self.killed = time.monotonic(), deaths.out_of_memory()

    @contextmanager
    def watched(self) -> Iterator[None]:
        """Take torch's place in hearing of deaths; in the main thread, as only that hears."""
        main = threading.current_thread() is threading.main_thread()
        if CHILD is None or not main or not self.processes:
            yield
            return
        note = self._note
        previous = signal.signal(CHILD, note)
        try:
            yield
        finally:
            if signal.getsignal(CHILD) == note:
                signal.signal(CHILD, previous)

    @contextmanager
    def awaited(self) -> Iterator[None]:
        """Wait for a batch inside.

        Raises:
            ReaderDiedError: a reader died, now or since the last batch.
        """
        if time.monotonic() - self.looked > REFRESH:
            self.looked, self.killed = time.monotonic(), deaths.out_of_memory()
        self.waits = True
        try:
            self._check()
            yield
        except ReaderDiedError:
            self._end()
            raise
        except (RuntimeError, OSError, EOFError):
            for process in self.processes:
                process.join(GRACE / len(self.processes))
            try:
                self._check()
            except ReaderDiedError:
                self._end()
                raise
            raise
        finally:
            self.waits = False

    def _note(self, _number: int, _frame: object) -> None:
        if self.waits:
            self._check()

    def _end(self) -> None:
        """End the others while their ends are heard here: torch would raise of them too."""
        self.waits = False
        for process in self.processes:
            process.kill()
            process.join()

    def _check(self) -> None:
        for process in self.processes:
            code = process.exitcode
            if code:
                self.waits = False
                said = deaths.cause(code, self.killed)
                raise ReaderDiedError(f"loader worker {process.pid} {said}; {_remedy(code)}")


def _remedy(code: int) -> str:
    if code == -getattr(signal, "SIGKILL", 0):
        return "fewer data.workers or a smaller training.batch_size take less memory"
    if code == -getattr(signal, "SIGBUS", 0):
        return "shared memory may be full: data.workers=0 needs none, or enlarge /dev/shm"
    return "data.workers=0 reads without workers, and shows which file it is"
