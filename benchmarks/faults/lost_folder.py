"""The folder of a run is moved, or deleted, while it trains.

    python benchmarks/faults/lost_folder.py [moved deleted] --times 10

In a step, while a checkpoint is saved and while held-out files are validated, in turn. It survived
if the run ended with exit code 1, reported it in one line, and created nothing in the old place; a
moved one must also say how to resume at its new place, and resume there bit for bit (`chains`).
"""

import random
import shutil
import tempfile
from functools import partial
from pathlib import Path

from chains import KINDS, WORDS, Chains, Process, end_of, options
from trial import Training, alive, moment, row, wait

from wavegan.training import checkpoint, whole


def main() -> None:
    """Try each and print a row."""
    given = options(__doc__, 10, ("moved", "deleted"))
    make = partial(Training, words=("data.workers=1", *WORDS))
    if "moved" in given.faults:
        Chains(make, move, given.seed).tried("the run's folder is moved", given.times)
    if "deleted" in given.faults:
        dice, failures = random.Random(given.seed), []
        for number in range(given.times):
            with tempfile.TemporaryDirectory() as folder:
                if failure := delete(make(Path(folder) / "run"), KINDS[number % 3], dice):
                    failures.append(f"{number}, {KINDS[number % 3]}: {failure}")
        row("the run's folder is deleted", given.times, given.times - len(failures), failures)


def move(training: Training, process: Process, number: int) -> str | None:
    """Rename the folder."""
    old = training.run
    training.run = old.rename(old.with_name(f"moved{number}"))
    failure = end_of(process, 1, f"{old}: ", "moved")
    if failure is None and old.exists():
        failure = f"created again: {sorted(old.rglob('*'))}"
    if failure is None:
        whole.check(checkpoint.last(training.run))
    return failure


def delete(training: Training, kind: str, dice: random.Random) -> str | None:
    """Train, and delete the folder at this kind of moment; returns what went wrong."""
    process = training.start()
    wait(process, lambda: training.steps() > 0)
    wait(process, moment(training, kind, dice))
    for _ in range(3):  # `rm -rf` fails for a folder that is written to at the same time
        shutil.rmtree(training.run, ignore_errors=True)
    failure = end_of(process, 1, f"{training.run}: ", "deleted")
    if failure is None and training.run.exists():
        failure = f"created again: {sorted(training.run.rglob('*'))}"
    return failure or ("processes remain" if alive(process.pid) else None)


if __name__ == "__main__":
    main()
