"""Faults in chains: a run is hit by a fault, resumed and hit again, several times, then finished.

It survived if every hit passed its own checks, no process of the run remained, and the finished
run and its metrics equal those of an undisturbed run bit for bit.
"""

import argparse
import os
import random
import signal
import subprocess
import sys
import tempfile
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

from trial import Training, alive, ended, moment, row, wait

KINDS = ("stepping", "saving", "validating")
CHAIN = 4
"""Faults per run."""
WORDS = (
    "training.steps=48",
    "training.checkpoint_every=2",
    "training.validate_every=6",
    "training.keep_last=1",
)
"""A run in which each kind of moment is frequent, and which keeps only its last checkpoint."""

Process = subprocess.Popen[str]
Hit = Callable[[Training, Process, int], str | None]
"""Hits a run and its process in the given try; waits for the end and returns what is wrong."""


@dataclass
class Chains:
    """A fault that is tried on runs of one kind.

    Attributes:
        make: makes the run in a folder.
        hit: causes the fault.
        seed: seed of the random moments.
    """

    make: Callable[[Path], Training]
    hit: Hit
    seed: int = 0

    def __post_init__(self) -> None:
        self.dice = random.Random(self.seed)

    def tried(self, fault: str, times: int) -> None:
        """Try it `times` times and print a row."""
        tried, survived = 0, 0
        failures: list[str] = []
        with tempfile.TemporaryDirectory() as folder:
            whole = self.make(Path(folder) / "whole")
            whole.finish()
            while tried < times:
                training = self.make(Path(folder) / f"run{tried}")
                hits, failure = self.chain(training, min(CHAIN, times - tried), tried)
                if failure is None:
                    training.finish()
                    if training.result() != whole.result():
                        failure = "another result than that of an undisturbed run"
                if failure:
                    failures.append(f"{training.run.name}: {failure}")
                survived += 0 if failure else hits
                tried += max(hits, 1)
        row(fault, tried, survived, failures)

    def chain(self, training: Training, times: int, first: int) -> tuple[int, str | None]:
        """Hit a run several times; returns the number of hits, and what went wrong."""
        for done in range(times):
            process, begun = training.start(), training.steps()
            wait(process, lambda begun=begun: training.steps() > begun)
            wait(process, moment(training, KINDS[(first + done) % len(KINDS)], self.dice))
            if process.poll() is not None:
                said = ended(process)
                early = f"ended by itself with exit code {process.returncode}: {said}"
                return done, early if process.returncode else None
            failure = self.hit(training, process, first + done)
            if alive(process.pid):
                os.killpg(process.pid, signal.SIGKILL)
                failure = failure or "processes remain"
            reported = "failed" if failure else "right"
            print(f"  try {first + done}: {reported}", file=sys.stderr, flush=True)
            if failure:
                return done + 1, f"try {first + done}: {failure}"
        return times, None


def end_of(process: Process, code: int, *reported: str) -> str | None:
    """Wait for the end; returns what is wrong with the exit code or the output."""
    said = ended(process)
    if said is None:
        return "hung"
    missing = [words for words in reported if words not in said]
    if process.returncode != code or missing or "Traceback" in said:
        return f"exit code {process.returncode} (not {code}?), not said: {missing}, said: {said}"
    return None


def options(document: str, times: int, faults: Sequence[str]) -> argparse.Namespace:
    """Parse the command line of such a script: faults, number of tries, seed."""
    parser = argparse.ArgumentParser(description=document.split("\n", maxsplit=1)[0])
    known = ", ".join(faults)
    parser.add_argument("faults", nargs="*", default=faults, metavar="FAULT", help=known)
    parser.add_argument("--times", type=int, default=times, help="tries of each fault")
    parser.add_argument("--seed", type=int, default=0)
    given = parser.parse_args()
    if strange := [one for one in given.faults if one not in faults]:
        parser.error(f"{strange[0]} is none of {known}")
    return given
