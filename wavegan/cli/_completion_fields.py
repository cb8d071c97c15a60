"""The fields of a recipe and the values of each, for shell completion."""

from collections.abc import Iterator, Mapping
from types import NoneType
from typing import Any, Literal, get_args, get_origin

from pydantic import BaseModel

from wavegan import plugins
from wavegan.mel.front_end import Mel
from wavegan.recipe import Recipe
from wavegan.typed import members

KINDS = {"generator": "generators", "task": "tasks", "objective": "objectives"}
"""Sections with one plug-in. Sections with several have the name of their kind."""
FOR_PEOPLE = ("description", "needs", "gave")


def fields(recipe: Recipe) -> dict[str, list[str]]:
    """Dotted names of a recipe's fields, with all possible values of each, or the recipe's own."""
    values = recipe.model_dump(mode="json", exclude=set(FOR_PEOPLE))
    return dict(_leaves(values, Recipe))


def _leaves(
    values: Mapping[str, Any], model: type[BaseModel] | None, above: str = ""
) -> Iterator[tuple[str, list[str]]]:
    for name, value in values.items():
        if name == "mel" and value is None:  # the model takes no mel
            continue
        known = model.model_fields.get(name) if model else None
        kinds = members(known.annotation) if known else []
        sections = [k for k in kinds if isinstance(k, type) and issubclass(k, BaseModel)]
        inside = value if isinstance(value, dict) else None
        if value is None and sections:  # the section is unset: suggest its defaults
            inside = {n: f.default for n, f in sections[0].model_fields.items()}
        path = f"{above}{name}"
        if not inside:
            yield path, _values(path, value, kinds)
            continue
        if path == "mel" or NoneType in kinds:
            yield path, _values(path, None, kinds)
        yield from _leaves(inside, sections[0] if sections else None, f"{path}.")


def _values(path: str, value: Any, kinds: list[Any]) -> list[str]:
    """Values as typed on the command line; none for free text and lists."""
    if path in ("mel", "mel.preset"):
        return list(Mel.preset_names())
    section, _, name = path.partition(".")
    if name.rpartition(".")[2] == "name" and name.count(".") <= 1:
        kind = KINDS.get(section, section)
        if kind in plugins.KINDS:
            return plugins.names(kind)
    given: list[Any] = [each for k in kinds if get_origin(k) is Literal for each in get_args(k)]
    if bool in kinds or isinstance(value, bool):
        given += [True, False]
    if isinstance(value, int | float) and value not in given:
        given.insert(0, value)
    if NoneType in kinds:
        given.append(None)
    return [_typed(each) for each in given]


def _typed(value: Any) -> str:
    if isinstance(value, bool):
        return "true" if value else "false"
    return "null" if value is None else str(value)
