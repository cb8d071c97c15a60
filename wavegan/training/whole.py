"""Find the newest undamaged checkpoint of a run, and move damaged newer ones aside."""

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
    """The state of a run's newest checkpoints.

    Attributes:
        step: step of the newest undamaged one; None if the run has no checkpoint.
        damaged: the damaged newer ones, with errors.
    """

    step: int | None
    damaged: tuple[tuple[Path, UserError], ...] = ()


def survey(run: Path) -> Survey:
    """Find the newest undamaged checkpoint; reads every byte up to it, writes nothing.

    Raises:
        UserError: all are damaged.
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
            f"{damaged[0][1]}; all checkpoints of {run} are damaged: restore one from a copy, or "
            "start a new run"
        )
    return Survey(None)


def settle(run: Path, note: Callable[[str], None]) -> None:
    """Rename the damaged checkpoints that are newer than the newest undamaged one.

    Their new names end in `.damaged`. Call it while no other process writes.

    Args:
        run: the run's folder; without checkpoints nothing is done.
        note: receives a line for each, with the step to resume from.

    Raises:
        UserError: all are damaged; then nothing is renamed.
    """
    found = survey(run)
    for folder, reason in found.damaged:
        target = _beside(folder)
        shutil.rmtree(target, ignore_errors=True)  # of an earlier damage to the same step
        os.replace(folder, target)
        note(f"{reason}: renamed to {target.name}; the run resumes from step {found.step:,}")


def settle_notes(run: Path) -> list[str]:
    """What `settle` would report; renames nothing.

    Raises:
        UserError: all are damaged.
    """
    found = survey(run)
    return [
        f"{reason}: it would be renamed to {_beside(folder).name}, and the run would resume from "
        f"step {found.step:,}, with a fresh optimizer of D"
        for folder, reason in found.damaged
    ]


def check(folder: Path) -> None:
    """Check that a checkpoint is undamaged: by its checksums, or by opening its files.

    Raises:
        UserError: names the damaged file.
    """
    if not (folder / bundle.CONFIG).is_file():
        raise UserError(f"{folder / bundle.CONFIG}: damaged: the file is missing")
    if checksums.check(folder):
        return
    bundle.Config.read(folder / bundle.CONFIG)
    training = folder / checkpoint.FOLDER
    for file in (folder / bundle.WEIGHTS, *sorted(training.glob("*.safetensors"))):
        bundle.read_weights(file)
    State.read(training / checkpoint.STATE)
    if (training / checkpoint.DISCRIMINATOR_OPTIMIZER).is_file():
        load(training / checkpoint.DISCRIMINATOR_OPTIMIZER)


def _beside(folder: Path) -> Path:
    return folder.with_name(folder.name + ASIDE)
