"""Merge the layers of a recipe (inherited files, overrides) and find the source of each field."""

import os
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import yaml
from pydantic import BaseModel, ValidationError

from wavegan import aliases, bounded_text, bounded_yaml, sealed
from wavegan.errors import UserError
from wavegan.fields import paths, proposal
from wavegan.typed import read as read_value
from wavegan.typed import reason

LONGEST_NAME = 4096
"""Most characters of a file name."""
TYPED = "command line"
OF_ITSELF = ("needs", "gave")
"""Fields that are not inherited."""


@dataclass(frozen=True)
class Layer:
    """Fields of one source; later layers override them.

    Attributes:
        source: a file, or `TYPED`.
        values: its fields.
        word: the override as typed; "" for a file.
    """

    source: str
    values: Mapping[str, Any]
    word: str = ""


def layer(source: str, values: Mapping[str, Any], word: str = "") -> Layer:
    """A layer with its fields under their current names.

    Raises:
        UserError: a field is given under two names; names the source.
    """
    try:
        return Layer(source, aliases.fields(values), word)
    except UserError as error:
        raise UserError(f"{error} ({source})") from None


def merged(layers: Sequence[Layer]) -> dict[str, Any]:
    """Merge all layers into the values of one recipe."""
    found: dict[str, Any] = {}
    for one in layers:
        found = aliases.with_options(merge(found, one.values))
    return found


def merge(parent: Mapping[str, Any], child: Mapping[str, Any]) -> dict[str, Any]:
    """Override `parent` with `child`; nested mappings are merged.

    A mapping whose `name` (plug-in) or `preset` (mel) differs from the parent's replaces it
    completely, because the options of one plug-in do not fit another.
    """
    result = dict(parent)
    for key, value in child.items():
        old = result.get(key)
        if key == "mel" and isinstance(old, str) and isinstance(value, Mapping):
            old = {"preset": old}
        if isinstance(old, Mapping) and isinstance(value, Mapping) and not _is_other(old, value):
            result[key] = merge(old, value)
        else:
            result[key] = value
    return result


def read(file: Path, packaged: Mapping[str, Path], seen: tuple[Path, ...] = ()) -> list[Layer]:
    """Read a recipe file and the files that it inherits; the root of the chain comes first.

    Args:
        file: YAML.
        packaged: files that may be inherited by name.
        seen: the files that inherit this one.

    Raises:
        UserError: it is not YAML, inherits itself, or inherits a missing file.
    """
    if file.resolve() in seen:
        raise UserError(f"{file}: inherit: the recipe inherits itself; name another one")
    sealed.state(file)  # a truncated recipe would silently use defaults
    try:
        text = bounded_text.read(file, bounded_yaml.LONGEST)
        values = bounded_yaml.read(text, bounded_yaml.UniqueLoader)
    except yaml.YAMLError as error:
        raise UserError(f"{file}: not a YAML file ({bounded_yaml.reason(error)})") from None
    if not isinstance(values, dict):
        raise UserError(
            f"{file}: a recipe must be a mapping of fields, but this is {type(values).__name__}"
        )
    inherit = values.pop("inherit", None)
    own = layer(str(file), values)
    if inherit is None:
        return [own]
    if not isinstance(inherit, str) or len(inherit) > LONGEST_NAME:
        raise UserError(f"{file}: inherit: give a file next to this one, or a recipe's name")
    beside = file.parent / os.path.expanduser(inherit)
    parent = beside if beside.is_file() else packaged.get(inherit)
    if parent is None:
        raise UserError(
            f"{file}: inherit: {inherit!r} is neither a file next to this one nor a recipe "
            "(`wavegan list recipes`)"
        )
    inherited = read(parent, packaged, (*seen, file.resolve()))
    return [*(replace(layer, values=_heritable(layer.values)) for layer in inherited), own]


def _heritable(values: Mapping[str, Any]) -> dict[str, Any]:
    return {field: value for field, value in values.items() if field not in OF_ITSELF}


def _is_other(old: Mapping[str, Any], new: Mapping[str, Any]) -> bool:
    return any(key in new and new[key] != old.get(key) for key in ("name", "preset"))


def mistake(error: ValidationError, layers: Sequence[Layer], model: type[BaseModel]) -> UserError:
    """The first of pydantic's errors as one line with its source: a file, or an override."""
    first = error.errors()[0]
    place = [str(part) for part in first["loc"]]
    layer, path = _origin(place, layers)
    if first["type"] in ("extra_forbidden", "missing"):
        what = "no such field" if first["type"] == "extra_forbidden" else "it is missing"
        return _unknown(".".join(place), what, layer, layers, model)
    problem = " or ".join(dict.fromkeys(reason(e) for e in error.errors() if _is_of(e, path)))
    if layer.source == TYPED:
        key, _, name = layer.word.partition("=")
        field = _of_plugin(first.get("ctx", {}).get("class_name"), name)
        near = f"; did you mean {key}.{field}={name}?" if field else ""
        return UserError(f"{layer.word} (command line): {problem}{near}")
    given = "" if isinstance(first["input"], Mapping) else f" (got {first['input']!r})"
    field = f"{'.'.join(path)}: " if path else ""
    return UserError(f"{field}{problem}{given} in {layer.source}")


def _unknown(
    field: str, what: str, layer: Layer, layers: Sequence[Layer], model: type[BaseModel]
) -> UserError:
    """The error for an unknown or missing field, with a suggestion."""
    files = merged([each for each in layers if each.source != TYPED])
    known = [name for name in paths(model, files) if f"{name}.".find(f"{field}.") != 0]
    if layer.source != TYPED:
        near = proposal(field, known=known) if what == "no such field" else ""
        return UserError(f"{field}: {what} in {layer.source}{near}")
    key, _, value = layer.word.partition("=")
    where = "" if key.startswith(field) else f"{field}: "
    near = proposal(key, value, known) or "; wavegan show RECIPE lists the fields"
    return UserError(f"{layer.word} (command line): {where}{what}{near}")


def _of_plugin(kind: str | None, value: str) -> str | None:
    """The field of a plug-in that was probably meant when a value was given to the plug-in."""
    if kind == "Term" and isinstance(read_value(value, float), float | int):
        return "weight"
    return "name" if kind in ("Plugin", "Term") else None


def _is_of(finding: Mapping[str, Any], path: Sequence[str]) -> bool:
    return [str(part) for part in finding["loc"][: len(path)]] == list(path)


def _origin(place: Sequence[str], layers: Sequence[Layer]) -> tuple[Layer, list[str]]:
    """The last layer that set the field at a place, and the field's path.

    Pydantic's place may end with the type of a union or the index of an item.
    """
    depths = [_depth(layer.values, place) for layer in layers]
    deepest = max(depths)
    last = max(number for number, depth in enumerate(depths) if depth == deepest)
    # no layer has a missing field: name the recipe's own file, where it can be added
    files = [layer for layer in layers if layer.source != TYPED]
    return (layers[last], list(place[:deepest])) if deepest else (files[-1], [])


def _depth(values: Any, place: Sequence[str]) -> int:
    """How many parts of a place exist in nested values."""
    for depth, part in enumerate(place):
        if not isinstance(values, Mapping) or part not in values:
            return depth
        values = values[part]
    return len(place)
