"""Which checkpoints a run's folder has, which of them is the best, and which stands for the run."""

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
    """The checkpoints of a run folder by step, oldest first; what was never finished is none."""
    return {step: folder for step, folder in folders(run).items() if (folder / CONFIG).is_file()}


def folders(run: Path) -> dict[int, Path]:
    """All folders in the place of checkpoints by step, oldest first, whatever is in them."""
    if not (run / FOLDER).is_dir():
        return {}
    named = (e for e in (run / FOLDER).iterdir() if e.name.isascii() and e.name.isdigit())
    found = {int(entry.name): entry for entry in named if len(entry.name) <= 15 and entry.is_dir()}
    return dict(sorted(found.items()))


def best_step(run: Path) -> int | None:
    """The step of the run's best checkpoint; None: none was marked, or `best.json` is damaged."""
    try:
        return marked(run)
    except UserError:
        return None


def marked(run: Path) -> int | None:
    """What `best.json` says; None: there is none.

    Raises:
        UserError: it is damaged.
    """
    try:
        return json_file.read(run / FOLDER / BEST, _Best).step
    except FileNotFoundError:
        return None


def stands_for(run: Path) -> Path | None:
    """The checkpoint to use for a run: its best one, or the newest; damaged ones are passed over.

    What is passed over is said by a warning.

    Returns:
        Its folder; None where there is no checkpoint.

    Raises:
        DamageError: all are damaged.
    """

    def whole(folder: Path) -> Path:
        checksums.check(folder, (CONFIG, WEIGHTS))
        return folder

    return first_whole(run, whole)


def first_whole(run: Path, use: Callable[[Path], Result]) -> Result | None:
    """What is made of the checkpoint to use for a run, where using it tells whether it is whole.

    Args:
        run: as in `stands_for`.
        use: is given a checkpoint's folder; raises DamageError for one that is to be passed over.

    Returns:
        What `use` does; None where there is no checkpoint.

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
            warnings.warn(f"{damage}; step {step:,} is used instead", stacklevel=3)
        return result
    raise damages[0]


def _usable_mark(run: Path, found: dict[int, Path]) -> int | None:
    """The best step, where its checkpoint is there; what is wrong with the mark is said."""
    try:
        best = marked(run)
    except UserError as error:
        warnings.warn(f"{error}: the newest checkpoint is used", stacklevel=3)
        return None
    if best is None or best in found:
        return best
    file = run / FOLDER / BEST
    text = f"{file} names step {best:,}, which is not there: the newest checkpoint is used"
    warnings.warn(text, stacklevel=3)
    return None
