"""The newest whole checkpoint of a run: damaged ones are named and put aside, not gone on from."""

import os
import shutil
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from wavegan import bundle, checksums, run_folder
from wavegan.errors import UserError
from wavegan.training import checkpoint
from wavegan.training.state_file import State, load

ASIDE = ".damaged"


@dataclass(frozen=True)
class Survey:
    """What a run's checkpoints are like, from the newest back to the newest whole one.

    Attributes:
        step: of the newest whole one; None: the run has no checkpoint.
        damaged: the newer ones, each with what is wrong.
    """

    step: int | None
    damaged: tuple[tuple[Path, UserError], ...] = ()


def survey(run: Path) -> Survey:
    """Look for the newest whole checkpoint; reads every byte up to it, writes nothing.

    Raises:
        UserError: none is whole.
    """
    damaged: list[tuple[Path, UserError]] = []
    for step, folder in sorted(run_folder.folders(run).items(), reverse=True):
        try:
            check(folder)
        except UserError as error:
            damaged.append((folder, error))
            continue
        return Survey(step, tuple(damaged))
    if bundle.checkpoints(run):
        raise UserError(
            f"{damaged[0][1]}; no checkpoint of {run} is whole: bring one back from a copy, or "
            "begin a new run"
        )
    return Survey(None)


def settle(run: Path, note: Callable[[str], None]) -> None:
    """Put the damaged checkpoints that are newer than the newest whole one aside.

    They keep their files, under a name that ends in `.damaged`. Call it where nobody else writes.

    Args:
        run: the run's folder; without checkpoints nothing is done.
        note: is told of each, and where the run goes on from.

    Raises:
        UserError: none is whole; then nothing is moved.
    """
    found = survey(run)
    for folder, reason in found.damaged:
        target = _beside(folder)
        shutil.rmtree(target, ignore_errors=True)  # of an earlier damage to the same step
        os.replace(folder, target)
        note(f"{reason}: put aside as {target.name}; the run goes on from step {found.step:,}")


def foresee(run: Path) -> list[str]:
    """What `settle` would say; nothing is moved.

    Raises:
        UserError: none is whole.
    """
    found = survey(run)
    return [
        f"{reason}: it would be put aside as {_beside(folder).name}, and the run would go on from "
        f"step {found.step:,}, without D's optimizer, which starts anew"
        for folder, reason in found.damaged
    ]


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


def _beside(folder: Path) -> Path:
    return folder.with_name(folder.name + ASIDE)
