"""Detect the death of a loader worker at a safe point in training, and explain it."""

import signal
import threading
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from multiprocessing.process import BaseProcess

from torch.utils.data._utils import signal_handling

from wavegan import deaths
from wavegan.errors import RunError

CHILD = getattr(signal, "SIGCHLD", None)
REFRESH = 10.0
"""Seconds between reads of the system's count of killed processes."""
GRACE = 1.0
"""Seconds to wait for the end of a worker whose pipe broke."""


class ReaderDiedError(RunError):
    """A loader worker has died; the training state is intact."""


class Readers:
    """The workers of one loader; a death raises only while training waits for a batch.

    Torch raises as soon as a worker dies, even in the middle of a step or of a save. And if a
    worker is killed in the middle of a write, torch waits at the pipe forever.
    """

    def __init__(self, processes: Sequence[BaseProcess]) -> None:
        self.processes = processes
        self.waits = False
        self.looked, self.killed = time.monotonic(), deaths.out_of_memory()

    @contextmanager
    def watched(self) -> Iterator[None]:
        """Replace torch's SIGCHLD handler; only in the main thread, which gets the signals."""
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
        """Context for waiting for a batch.

        Raises:
            ReaderDiedError: a worker died, now or since the last batch.
        """
        if time.monotonic() - self.looked > REFRESH:
            self.looked, self.killed = time.monotonic(), deaths.out_of_memory()
        self.waits = True
        try:
            self._check()
            yield
        except ReaderDiedError:
            raise
        except (RuntimeError, OSError, EOFError):
            for process in self.processes:
                process.join(GRACE / len(self.processes))
            self._check()
            raise
        finally:
            self.waits = False

    def abandon(self, batches: object) -> None:
        """If a worker has died, end torch's iterator without torch's own way of ending workers.

        Torch asks workers to end through locks. A process that is killed while it holds one keeps
        it forever, so torch would wait forever, at the latest when the iterator is deleted.
        """
        if vars(batches).get("_shutdown") or not any(one.exitcode for one in self.processes):
            return
        self._end()
        vars(batches).update(_shutdown=True, _worker_pids_set=False)
        signal_handling._remove_worker_pids(id(batches))  # type: ignore[attr-defined]
        if hasattr(batches, "_pin_memory_thread_done_event"):
            batches._pin_memory_thread_done_event.set()
        for queue in getattr(batches, "_index_queues", ()):
            queue.cancel_join_thread()
            queue.close()

    def _note(self, _number: int, _frame: object) -> None:
        if self.waits:
            self._check()

    def _end(self) -> None:
        """Kill the other workers while our handler is active: torch would raise for them too."""
        self.waits = False
        for process in self.processes:
            process.kill()
            process.join()

    def _check(self) -> None:
        for process in self.processes:
            code = process.exitcode
            if code:
                self.waits = False
                cause = deaths.cause(code, self.killed)
                raise ReaderDiedError(f"loader worker {process.pid} {cause}; {_remedy(code)}")


def _remedy(code: int) -> str:
    if code == -getattr(signal, "SIGKILL", 0):
        return "to use less memory, reduce data.workers or training.batch_size"
    if code == -getattr(signal, "SIGBUS", 0):
        return (
            "shared memory may be full: set data.workers=0, which needs none, or enlarge /dev/shm"
        )
    return "set data.workers=0 to read without workers and see which file causes it"
