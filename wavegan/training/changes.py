"""Changes of the recipe when a run resumes: which are refused and which are reported."""

import contextlib
import os
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from wavegan import bundle, checksums, plugins
from wavegan.errors import UserError
from wavegan.generators.base import MelGenerator
from wavegan.plugins import is_own
from wavegan.recipe import Recipe, load
from wavegan.recipe_changes import Change, change
from wavegan.recipe_sections import Audio, Plugin
from wavegan.run_folder import RECIPE
from wavegan.tasks.base import Task

__all__ = ["RECIPE", "Difference", "between", "check", "recipe_of"]

KEPT = f"training/{RECIPE}"
"""The recipe that a checkpoint was trained with, in its folder."""


@dataclass(frozen=True)
class Difference:
    """A field with different values in two recipes; null if one has no such field."""

    field: str
    old: Any
    new: Any

    @property
    def rule(self) -> Change:
        """Whether a run may resume with this change."""
        rule = change(self.field)
        if rule is Change.MOVED:
            return Change.WARM if None in (self.old, self.new) else Change.SAID
        return rule

    def __str__(self) -> str:
        return f"{self.field} was {self.shown(self.old)}, is {self.shown(self.new)}"

    @staticmethod
    def shown(value: Any) -> str:
        """A value as written in a recipe."""
        return "null" if value is None else str(value)


def recipe_of(run: Path) -> Recipe:
    """The recipe that a run was last trained with, with absolute paths.

    The copy in the last checkpoint counts, even if `recipe.yaml` was edited since. A checkpoint
    with a damaged recipe or configuration is skipped: no run resumes from it.
    """
    last = _last(run)
    if last is None:
        return load(str(run / RECIPE)).absolute()
    kept = last / KEPT
    recipe = load(str(kept if kept.is_file() else run / RECIPE)).absolute()
    file = last / bundle.CONFIG
    try:
        made = bundle.Config.read(file)
    except UserError:
        return recipe  # maybe an older version; damage is reported when the weights are read
    rate = recipe.audio.sample_rate if made.mel else made.sample_rate
    update = {
        "generator": Plugin(**made.generator),
        "audio": Audio(sample_rate=rate, channels=made.channels),
        "mel": made.mel.to_dict() if made.mel else None,
        "data": recipe.data.model_copy(update={"peak": made.peak}),
    }
    return recipe.model_copy(update=update)


def _last(run: Path) -> Path | None:
    found = bundle.checkpoints(run)
    for folder in reversed(found.values()):
        with contextlib.suppress(checksums.DamageError):
            checksums.check(folder, (bundle.CONFIG, KEPT))
            return folder
    return found[max(found)] if found else None


def between(old: Recipe, new: Recipe) -> list[Difference]:
    """The differences between two recipes, field by field."""
    before, now = _flat(_values(old)), _flat(_values(new))
    return [
        Difference(field, before.get(field), now.get(field))
        for field in dict.fromkeys((*before, *now))
        if before.get(field) != now.get(field)
    ]


def check(run: Path, recipe: Recipe) -> list[Difference]:
    """The changes of a resumed run that must be reported.

    Args:
        run: the run's folder, with the recipe it was trained with.
        recipe: the recipe to resume with.

    Raises:
        UserError: a field differs that cannot change during a run.
    """
    found = between(recipe_of(run), recipe)
    for one in found:
        if one.rule in (Change.WARM, Change.NEVER):
            raise UserError(f"{one}: it cannot change in {run}; {_instead(one, run)}")
    return [one for one in found if one.rule is Change.SAID]


def _instead(one: Difference, run: Path) -> str:
    word = f"{one.field}={one.shown(one.new)}"
    if one.field == "training.init_from":
        return f"start a new run from a model: wavegan train RECIPE DATA --out OTHER {word}"
    new = "to change it, start a new run: wavegan train RECIPE DATA --out OTHER"
    start = f" training.init_from={run}" if one.rule is Change.WARM else ""
    return f"{new} {word}{start}"


def _values(recipe: Recipe) -> dict[str, Any]:
    values = recipe.model_dump(mode="json")
    # normalize equivalent values, so that they are no difference
    mel = recipe.front_end()
    values["mel"] = mel.to_dict() if mel and _uses_mels(recipe) else None
    values["audio"]["sample_rate"] = recipe.sample_rate()
    values["data"] |= {
        name: os.path.realpath(path) for name, path in recipe.data if isinstance(path, Path)
    }
    return values


def _uses_mels(recipe: Recipe) -> bool:
    """Whether the model takes mels; older recipes had a mel in any case."""
    if is_own(recipe.task.name):  # the user's class is not imported here
        return True
    task: type[Task] = plugins.find("tasks", recipe.task.name)
    return issubclass(task.generator_base, MelGenerator)


def _flat(values: Mapping[str, Any], above: str = "") -> dict[str, Any]:
    return dict(_leaves(values, above))


def _leaves(values: Mapping[str, Any], above: str) -> Iterator[tuple[str, Any]]:
    for key, value in values.items():
        field = f"{above}.{key}" if above else str(key)
        if isinstance(value, Mapping):
            yield from _leaves(value, field)
        else:
            yield field, _plain(value)


def _plain(value: Any) -> Any:
    """Convert tuples to lists, as in JSON."""
    return [_plain(item) for item in value] if isinstance(value, list | tuple) else value
