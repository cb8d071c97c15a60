"""Signals to the whole process group, as a closed terminal, systemd, SLURM and `timeout` send them.

    python benchmarks/faults/group_signals.py --times 30 --signal TERM

Starts a small training with two loader workers, and sends the signal to its group in a step, while
a checkpoint is saved and while held-out files are validated, in turn. It survived if it ended by
itself, with the signal's exit code and an intact checkpoint, and no process of its group remains.
"""

import argparse
import os
import random
import signal
import tempfile
from pathlib import Path

from trial import Training, alive, ended, moment, row, wait

from wavegan import bundle

WORDS = (
    "data.workers=2",
    "training.steps=100000",
    "training.checkpoint_every=4",
    "training.validate_every=6",
)
KINDS = ("stepping", "saving", "validating")


def main() -> None:
    """Try it and print a row."""
    parser = argparse.ArgumentParser(description=__doc__.split("\n", maxsplit=1)[0])
    parser.add_argument("--times", type=int, default=30)
    parser.add_argument("--signal", default="TERM", choices=["TERM", "INT", "HUP", "USR1"])
    parser.add_argument("--seed", type=int, default=0)
    options = parser.parse_args()
    dice, failures = random.Random(options.seed), []
    for number in range(options.times):
        kind = KINDS[number % len(KINDS)]
        failure = hit(kind, signal.Signals[f"SIG{options.signal}"], dice)
        if failure:
            failures.append(f"{number}, {kind}: {failure}")
    survived = options.times - len(failures)
    row(f"SIG{options.signal} to the whole group", options.times, survived, failures)


def hit(kind: str, number: signal.Signals, dice: random.Random) -> str | None:
    """Hit one training; returns what went wrong."""
    with tempfile.TemporaryDirectory() as folder:
        training = Training(Path(folder) / "run", WORDS)
        process = training.start()
        if not wait(process, lambda: training.steps() > 0):
            return f"never began: {ended(process)}"
        wait(process, moment(training, kind, dice))
        os.killpg(process.pid, number)
        said = ended(process)
        if said is None:
            return "hung"
        if process.returncode != 128 + number:
            return f"exit code {process.returncode}: {said}"
        if not bundle.checkpoints(training.run):
            return f"nothing saved: {said}"
        return "processes remain" if alive(process.pid) else None


if __name__ == "__main__":
    main()
