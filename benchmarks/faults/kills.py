"""kill -9 at random moments, while saving and while validating, in chains on one run.

    python benchmarks/faults/kills.py --times 40

Each chain is one run that is killed and resumed several times, then finished. It survived if its
checkpoints and metrics equal those of a run that was never killed bit for bit, and no process of a
killed group remained.
"""

import argparse
import os
import random
import signal
import tempfile
from pathlib import Path

from trial import Training, alive, ended, moment, row, wait

WORDS = (
    "data.workers=1",
    "training.steps=30",
    "training.checkpoint_every=2",
    "training.validate_every=6",
)
KINDS = ("stepping", "saving", "validating")
CHAIN = 4
"""Kills of one run."""


def main() -> None:
    """Try it and print a row."""
    parser = argparse.ArgumentParser(description=__doc__.split("\n", maxsplit=1)[0])
    parser.add_argument("--times", type=int, default=40)
    parser.add_argument("--seed", type=int, default=0)
    options = parser.parse_args()
    dice, failures, tried, lost = random.Random(options.seed), [], 0, 0
    with tempfile.TemporaryDirectory() as folder:
        whole = Training(Path(folder) / "whole", WORDS)
        whole.finish()
        while tried < options.times:
            training = Training(Path(folder) / f"run{tried}", WORDS)
            kills, failure = chain(training, min(CHAIN, options.times - tried), tried, dice)
            training.finish()
            if failure is None and training.result() != whole.result():
                failure = "another result than the run that was never killed"
            if failure:
                failures.append(f"{training.run.name}: {failure}")
                lost += kills
            tried += max(kills, 1)
    row("kill -9, in chains", tried, tried - lost, failures)


def chain(
    training: Training, kills: int, first: int, dice: random.Random
) -> tuple[int, str | None]:
    """Kill a run several times; returns the number of kills, and what went wrong."""
    done = 0
    for number in range(kills):
        process, begun = training.start(), training.steps()
        wait(process, lambda begun=begun: training.steps() > begun)
        wait(process, moment(training, KINDS[(first + number) % len(KINDS)], dice))
        if process.poll() is not None:  # it had ended before
            ended(process)
            return done, None
        process.send_signal(signal.SIGKILL)
        process.wait()
        done += 1
        living = alive(process.pid)
        if living:
            os.killpg(process.pid, signal.SIGKILL)
        ended(process)
        if living:
            return done, "processes remain"
    return done, None


if __name__ == "__main__":
    main()
