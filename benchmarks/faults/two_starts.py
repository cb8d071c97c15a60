"""The same run is started twice at the same time.

    python benchmarks/faults/two_starts.py [new dead processes] --times 7

- new: into a new folder;
- dead: into the folder of a killed process, with its lock and half a run;
- processes: as new, both with `--processes 2`.

The second start comes up to a second after the first. It survived if exactly one trained, the
other reported in one line that the folder is in use, with exit code 2, and the run equals one that
was started once bit for bit.
"""

import random
import shutil
import signal
import tempfile
import time
from functools import partial
from pathlib import Path

from chains import options
from trial import Training, ended, row, wait

WORDS = ("data.workers=1", "training.steps=12", "training.checkpoint_every=4")
TWO = ("--processes", "2")
FAULTS = {
    "new": ("two starts at once, of a new run", ()),
    "dead": ("two starts at once, of a run that was killed", ()),
    "processes": ("two starts at once, each of two processes", TWO),
}


def main() -> None:
    """Try each and print a row."""
    given = options(__doc__, 7, tuple(FAULTS))
    dice = random.Random(given.seed)
    for name in given.faults:
        fault, extra = FAULTS[name]
        with tempfile.TemporaryDirectory() as folder:
            make = partial(Training, words=WORDS, options=extra)
            whole, dead = make(Path(folder) / "whole"), make(Path(folder) / "dead")
            whole.finish()
            if name == "dead":
                kill(dead)
            failures = []
            for number in range(given.times):
                run = Path(folder) / f"run{number}"
                if name == "dead":
                    shutil.copytree(dead.run, run)
                if failure := race(make(run), whole, dice):
                    failures.append(f"{number}: {failure}")
            row(fault, given.times, given.times - len(failures), failures)


def kill(training: Training) -> None:
    """Train up to a checkpoint, then kill the process."""
    process = training.start()
    wait(process, lambda: training.steps() >= 6)
    process.send_signal(signal.SIGKILL)
    ended(process)


def race(training: Training, whole: Training, dice: random.Random) -> str | None:
    """Start it twice; returns what went wrong."""
    first = training.start()
    time.sleep(dice.uniform(0, 1))
    second = training.start()
    said = [ended(first), ended(second)]
    codes = [first.returncode, second.returncode]
    if sorted(codes) != [0, 2]:
        return f"exit codes {codes}: {said}"
    lines = (said[codes.index(2)] or "").splitlines()
    if len(lines) != 1 or "trains here" not in lines[0] or str(training.run) not in lines[0]:
        return f"the other said: {lines}"
    return None if training.result() == whole.result() else "another result than that of one start"


if __name__ == "__main__":
    main()
