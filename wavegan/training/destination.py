"""Check the output folder of a run: free, taken by the same run, or by something else."""

from pathlib import Path
from typing import Any

from wavegan import bundle
from wavegan.errors import UserError
from wavegan.recipe import Recipe
from wavegan.recipe_changes import Change
from wavegan.run_folder import FOLDER as CHECKPOINTS
from wavegan.run_folder import METRICS
from wavegan.training.changes import RECIPE, Difference, between, recipe_of
from wavegan.training.heartbeat import FOLDER as HEARTBEATS
from wavegan.training.kept_split import FILE as SPLIT
from wavegan.training.lock import LOCK
from wavegan.training.skips import FOLDER as SKIPPED

FOLDERS = {CHECKPOINTS, HEARTBEATS, SKIPPED, "samples", "trackers"}
OURS = {RECIPE, METRICS, SPLIT, LOCK, *FOLDERS}
STEPS = "training.steps"


def recipe_to_resume(out: Path, asked: Recipe) -> Recipe | None:
    """The recipe to resume with if the folder holds the requested run; None if it is free.

    The folder of a run without checkpoints is free.

    Args:
        out: the folder.
        asked: the requested recipe.

    Raises:
        UserError: the folder has another run or other files.
    """
    if not bundle.checkpoints(out):
        _refuse_strange(out)
        return None
    if not (out / RECIPE).is_file():
        raise UserError(f"--out {out}: it has checkpoints but no {RECIPE}: choose another folder")
    stored = recipe_of(out)
    wanted = _settled(asked.absolute(), stored)
    for one in between(stored, wanted):
        if one.rule is not Change.FREE and one.field != STEPS:
            raise _other(out, one)
    return wanted


def _refuse_strange(out: Path) -> None:
    """Refuse a folder with files that are not of a run."""
    names = [entry.name for entry in out.iterdir()] if out.is_dir() else []
    strange = sorted(name for name in names if name not in OURS)
    if strange:
        raise UserError(f"--out {out}: not empty (it has {strange[0]}): choose another folder")


def _settled(asked: Recipe, stored: Recipe) -> Recipe:
    """The requested recipe, with values from the stored one in fields that training fills in."""
    data: dict[str, Any] = {}
    if asked.data.labels == stored.data.label_from and isinstance(stored.data.labels, tuple):
        data |= {"labels": stored.data.labels, "label_from": stored.data.label_from}
    if asked.data.mels is not None and stored.data.peak is None:
        data["peak"] = None
    update: dict[str, Any] = {"data": asked.data.model_copy(update=data)}
    source = asked.training.init_from
    if source is not None and source == stored.training.init_from:
        update |= {"generator": stored.generator, "mel": stored.mel, "audio": stored.audio}
    return asked.model_copy(update=update)


def _other(out: Path, one: Difference) -> UserError:
    what = "with other data" if one.field.startswith("data.") else "with another recipe"
    way = "choose another folder"
    if one.rule is Change.SAID:
        way += f", or resume with the change: wavegan train --resume {out} {one.field}=…"
    return UserError(
        f"--out {out}: it has a run {what} ({one.field} is {one.shown(one.old)} there, "
        f"{one.shown(one.new)} in this command): {way}"
    )
