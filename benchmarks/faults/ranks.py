"""Faults in training by two processes: in one of them, its loader worker, or the command.

    python benchmarks/faults/ranks.py [killed stopped launcher worker] --times 10

- killed: a process gets SIGKILL; the other names it and ends;
- stopped: a process gets SIGSTOP; the other waits `WAVEGAN_WAIT`, names it and ends;
- launcher: the command itself gets SIGKILL; its processes save and end;
- worker: a loader worker of a process gets SIGKILL; all save, and the process is named.

Ranks 0 and 1 in turn, at the moments of `chains`. It survived if all ended within the time that
docs/runs.md states (`LATE` allows for a busy machine), and the run resumed bit for bit. Linux.
"""

import os
import signal
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from functools import partial

from chains import WORDS, Chains, Process, end_of, options
from family import children, ranks
from trial import Training

from wavegan import bundle
from wavegan.training import checkpoint, whole
from wavegan.training.heartbeat import LIMIT
from wavegan.training.launch import GRACE

WAIT = 20.0
"""Seconds that a process waits for one that hangs."""
LATE = 10.0
"""Seconds that a busy machine may take longer."""


def killed(_: Training, process: Process, rank: int, victim: int) -> str | None:
    """One of the two is killed."""
    os.kill(victim, signal.SIGKILL)
    return end_of(process, 137, f"process {rank} (pid {victim}) was killed", "--resume")


def stopped(training: Training, process: Process, rank: int, victim: int) -> str | None:
    """One of the two hangs."""
    os.kill(victim, signal.SIGSTOP)
    kept = "last good checkpoint" if bundle.checkpoints(training.run) else "none was saved yet"
    return end_of(process, 1, f"process {rank} (pid {victim} on ", " hangs", kept)


def launcher(training: Training, process: Process, _rank: int, _victim: int) -> str | None:
    """The command is killed."""
    os.kill(process.pid, signal.SIGKILL)
    return end_of(process, -signal.SIGKILL, "SIGTERM: ", f"--resume {training.run}")


def worker(_: Training, process: Process, rank: int, victim: int) -> str | None:
    """The loader worker of one is killed."""
    reader = children(victim)[0]
    os.kill(reader, signal.SIGKILL)
    reported = f"process {rank}: loader worker {reader} was killed"
    return end_of(process, 1, reported, "saved at step", "--resume")


FAULTS = {
    "killed": ("one of two processes is killed", GRACE, killed),
    "stopped": ("one of two processes is stopped", 1.25 * WAIT + GRACE, stopped),
    "launcher": ("the command of two processes is killed", GRACE, launcher),
    "worker": ("a loader worker of one of two processes is killed", GRACE, worker),
}
"""Description, the seconds in which all must end, and the function that causes it."""


@dataclass
class Timed:
    """Hits a process of a run, and measures the time until its end.

    Attributes:
        limit: seconds that it may take to end.
        fault: does it.
        longest: seconds that it took so far.
    """

    limit: float
    fault: Callable[[Training, Process, int, int], str | None]
    longest: float = field(default=0.0)

    def __call__(self, training: Training, process: Process, number: int) -> str | None:
        """One try."""
        rank, began = number % 2, time.monotonic()
        failure = self.fault(training, process, rank, ranks(process.pid)[rank])
        seconds = time.monotonic() - began
        self.longest = max(self.longest, seconds)
        if failure is None and seconds > self.limit + LATE:
            failure = f"it took {seconds:.1f} s to end"
        if failure is None and bundle.checkpoints(training.run):  # or it came before the first
            whole.check(checkpoint.last(training.run))
        return failure


def main() -> None:
    """Try each and print a row."""
    given = options(__doc__, 10, tuple(FAULTS))
    make = partial(
        Training,
        words=("data.workers=1", *WORDS, "training.steps=32"),
        options=("--processes", "2"),
        environment={LIMIT: str(WAIT)},
    )
    for name in given.faults:
        fault, limit, hit = FAULTS[name]
        timed = Timed(limit, hit)
        Chains(make, timed, given.seed).tried(fault, given.times)
        print(f"  the longest took {timed.longest:.1f} s to end")


if __name__ == "__main__":
    main()
