"""Stop signals to the training process alone: Ctrl-C, a closed terminal, a cluster.

    python benchmarks/faults/main_signals.py [INT HUP USR1] --times 20

The signal comes in a step, while a checkpoint is saved and while held-out files are validated, in
turn. It survived if the run printed what happens and how to resume, ended with 128 plus the
signal's number and an intact checkpoint, and resumed bit for bit (see `chains`).
"""

import signal
from functools import partial

from chains import WORDS, Chains, Process, end_of, options
from trial import Training

from wavegan.training import checkpoint, whole

SIGNALS = ("INT", "HUP", "USR1", "TERM")


def main() -> None:
    """Try each and print a row."""
    given = options(__doc__, 20, SIGNALS)
    for name in given.faults:
        number = signal.Signals[f"SIG{name}"]

        def hit(training: Training, process: Process, _: int, number: int = number) -> str | None:
            process.send_signal(number)
            reported = "Ctrl-C: " if number == signal.SIGINT else signal.Signals(number).name
            failure = end_of(process, 128 + number, reported, f"--resume {training.run}")
            if failure is None:
                whole.check(checkpoint.last(training.run))
            return failure

        make = partial(Training, words=("data.workers=1", *WORDS))
        Chains(make, hit, given.seed).tried(f"SIG{name} to the training process", given.times)


if __name__ == "__main__":
    main()
