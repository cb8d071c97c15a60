"""A loader worker is killed, as by the kernel when memory runs out.

    python benchmarks/faults/workers.py --times 20

With two workers, at the moments of `chains`. It survived if the run named the worker and said that
it was killed, saved the last complete step, ended with exit code 1, and resumed bit for bit. Linux.
"""

import os
import signal
from functools import partial

from chains import WORDS, Chains, Process, end_of, options
from family import children
from trial import Training

from wavegan.training import checkpoint, whole


def main() -> None:
    """Try it and print a row."""
    given = options(__doc__, 20, ("killed",))
    make = partial(Training, words=("data.workers=2", *WORDS))
    Chains(make, hit, given.seed).tried("a loader worker is killed", given.times)


def hit(training: Training, process: Process, number: int) -> str | None:
    """Kill one of the two."""
    worker = children(process.pid)[number % 2]
    os.kill(worker, signal.SIGKILL)
    reported = (f"loader worker {worker} was killed", "saved at step", f"--resume {training.run}")
    failure = end_of(process, 1, *reported)
    if failure is None:
        whole.check(checkpoint.last(training.run))
    return failure


if __name__ == "__main__":
    main()
