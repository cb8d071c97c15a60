"""The checkpoints of a run's folder: list them, find the best one and the one to use."""

import warnings
from collections.abc import Callable
from pathlib import Path
from typing import TypeVar

from pydantic import BaseModel, ConfigDict, Field

from wavegan import checksums, json_file
from wavegan.checksums import DamageError
from wavegan.errors import UserError

CONFIG, WEIGHTS = "config.json", "model.safetensors"
FOLDER, BEST = "checkpoints", "best.json"
RECIPE, METRICS = "recipe.yaml", "metrics.jsonl"

Result = TypeVar("Result")


class _Best(BaseModel):
    model_config = ConfigDict(strict=True)

    step: int | None = Field(ge=0, le=10**15)


def checkpoints(run: Path) -> dict[int, Path]:
    """The checkpoints of a run folder by step, oldest first, without unfinished ones."""
    return {step: folder for step, folder in folders(run).items() if (folder / CONFIG).is_file()}


def folders(run: Path) -> dict[int, Path]:
    """All folders under `checkpoints/` by step, oldest first, whatever their content."""
    if not (run / FOLDER).is_dir():
        return {}
    named = (e for e in (run / FOLDER).iterdir() if e.name.isascii() and e.name.isdigit())
    found = {int(entry.name): entry for entry in named if len(entry.name) <= 15 and entry.is_dir()}
    return dict(sorted(found.items()))


def best_step(run: Path) -> int | None:
    """The step of the run's best checkpoint; None: none is marked, or `best.json` is damaged."""
    try:
        return marked(run)
    except UserError:
        return None


def marked(run: Path) -> int | None:
    """The step in `best.json`; None: there is none.

    Raises:
        UserError: it is damaged.
    """
    try:
        return json_file.read(run / FOLDER / BEST, _Best).step
    except FileNotFoundError:
        return None


def checkpoint_to_use(run: Path) -> Path | None:
    """The checkpoint to use for a run: the best one, else the newest.

    Damaged checkpoints are skipped with a warning.

    Returns:
        Its folder; None if there is no checkpoint.

    Raises:
        DamageError: all are damaged.
    """

    def whole(folder: Path) -> Path:
        checksums.check(folder, (CONFIG, WEIGHTS))
        return folder

    return first_whole(run, whole)


def first_whole(run: Path, use: Callable[[Path], Result]) -> Result | None:
    """Call `use` with the checkpoint to use for a run, and with the next one if it is damaged.

    Args:
        run: as in `checkpoint_to_use`.
        use: takes a checkpoint's folder; raises DamageError if the checkpoint is damaged.

    Returns:
        The result of `use`; None if there is no checkpoint.

    Raises:
        DamageError: all are damaged.
    """
    found = checkpoints(run)
    if not found:
        return None
    order = sorted(found, reverse=True)
    best = _usable_mark(run, found)
    if best is not None:
        order = [best, *(step for step in order if step != best)]
    damages = []
    for step in order:
        try:
            result = use(found[step])
        except DamageError as error:
            damages.append(error)
            continue
        for damage in damages:
            warnings.warn(f"{damage}; using step {step:,} instead", stacklevel=3)
        return result
    raise damages[0]


def _usable_mark(run: Path, found: dict[int, Path]) -> int | None:
    """The best step if its checkpoint exists; warns if `best.json` is wrong."""
    try:
        best = marked(run)
    except UserError as error:
        warnings.warn(f"{error}: using the newest checkpoint", stacklevel=3)
        return None
    if best is None or best in found:
        return best
    file = run / FOLDER / BEST
    text = f"{file} names step {best:,}, which does not exist: using the newest checkpoint"
    warnings.warn(text, stacklevel=3)
    return None
