"""The newest whole checkpoint of a run: damaged ones are named and put aside, not gone on from."""

import os
import shutil
from collections.abc import Callable
from pathlib import Path

from wavegan import bundle, checksums, run_folder
from wavegan.errors import UserError
from wavegan.training import checkpoint
from wavegan.training.state_file import State, load

ASIDE = ".damaged"


def settle(run: Path, note: Callable[[str], None]) -> None:
    """Put the damaged checkpoints that are newer than the newest whole one aside.

    They keep their files, under a name that ends in `.damaged`. Call it where nobody else writes.

    Args:
        run: the run's folder; without checkpoints nothing is done.
        note: is told of each, and where the run goes on from.

    Raises:
        UserError: none is whole; then nothing is moved.
    """
    damages: list[tuple[Path, UserError]] = []
    for step, folder in sorted(run_folder.folders(run).items(), reverse=True):
        try:
            check(folder)
        except UserError as error:
            damages.append((folder, error))
            continue
        for damaged, reason in damages:
            name = _aside(damaged)
            note(f"{reason}: put aside as {name}; the run goes on from step {step:,}")
        return
    if bundle.checkpoints(run):
        raise UserError(
            f"{damages[0][1]}; no checkpoint of {run} is whole: bring one back from a copy, or "
            "begin a new run"
        )


def check(folder: Path) -> None:
    """Find out whether a checkpoint is whole: by its checksums, or by opening its files.

    Raises:
        UserError: names what is damaged.
    """
    if not (folder / bundle.CONFIG).is_file():
        raise UserError(f"{folder / bundle.CONFIG}: damaged: the file is gone")
    if checksums.check(folder):
        return
    bundle.Config.read(folder / bundle.CONFIG)
    training = folder / checkpoint.FOLDER
    for file in (folder / bundle.WEIGHTS, *sorted(training.glob("*.safetensors"))):
        bundle.read_weights(file)
    State.read(training / checkpoint.STATE)
    if (training / checkpoint.JUDGE_STATE).is_file():
        load(training / checkpoint.JUDGE_STATE)


def _aside(folder: Path) -> str:
    target = folder.with_name(folder.name + ASIDE)
    shutil.rmtree(target, ignore_errors=True)  # of an earlier damage to the same step
    os.replace(folder, target)
    return target.name
