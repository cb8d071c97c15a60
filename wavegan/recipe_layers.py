"""Where each field of a recipe came from: files that inherit each other, and the command line."""

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
"""Characters; no file has more."""
TYPED = "command line"
OF_ITSELF = ("needs", "gave")
"""Fields that say what one recipe takes and what its own training measured."""


@dataclass(frozen=True)
class Layer:
    """Fields of one source; the layers above it override them.

    Attributes:
        source: a file, or `TYPED`.
        values: what it says.
        word: as it was typed, of the command line.
    """

    source: str
    values: Mapping[str, Any]
    word: str = ""


def layer(source: str, values: Mapping[str, Any], word: str = "") -> Layer:
    """A layer of what a source says, its fields under their names of today.

    Raises:
        UserError: a field under two names; the source is named.
    """
    try:
        return Layer(source, aliases.fields(values), word)
    except UserError as error:
        raise UserError(f"{error} ({source})") from None


def merged(layers: Sequence[Layer]) -> dict[str, Any]:
    """All layers as one recipe."""
    found: dict[str, Any] = {}
    for one in layers:
        found = aliases.with_options(merge(found, one.values))
    return found


def merge(parent: Mapping[str, Any], child: Mapping[str, Any]) -> dict[str, Any]:
    """Lay `child` over `parent`, mappings into mappings.

    A mapping whose `name` (plug-in) or `preset` (mel) differs from the parent's replaces it whole:
    the options of one plug-in mean nothing to another.
    """
    laid = dict(parent)
    for key, value in child.items():
        old = laid.get(key)
        if key == "mel" and isinstance(old, str) and isinstance(value, Mapping):
            old = {"preset": old}
        if isinstance(old, Mapping) and isinstance(value, Mapping) and not _is_other(old, value):
            laid[key] = merge(old, value)
        else:
            laid[key] = value
    return laid


def read(file: Path, packaged: Mapping[str, Path], seen: tuple[Path, ...] = ()) -> list[Layer]:
    """A recipe's file and those that it inherits, the farthest first.

    Args:
        file: YAML.
        packaged: files that may be inherited by name.
        seen: the files that inherit this one.

    Raises:
        UserError: not YAML, or it inherits itself or what is not there.
    """
    if file.resolve() in seen:
        raise UserError(f"{file}: inherits itself")
    sealed.state(file)  # one that was cut would go on with defaults
    try:
        text = bounded_text.read(file, bounded_yaml.LONGEST)
        values = bounded_yaml.read(text, bounded_yaml.UniqueLoader)
    except yaml.YAMLError as error:
        raise UserError(f"{file}: not a YAML file ({bounded_yaml.reason(error)})") from None
    if not isinstance(values, dict):
        raise UserError(f"{file}: a recipe is a mapping of fields, this is {type(values).__name__}")
    inherit = values.pop("inherit", None)
    own = layer(str(file), values)
    if inherit is None:
        return [own]
    if not isinstance(inherit, str) or len(inherit) > LONGEST_NAME:
        raise UserError(f"{file}: inherit: give the name of a file beside it or of a recipe")
    beside = file.parent / os.path.expanduser(inherit)
    parent = beside if beside.is_file() else packaged.get(inherit)
    if parent is None:
        raise UserError(
            f"{file}: inherit: {inherit!r} is neither a file beside it nor a recipe "
            "(`wavegan list recipes`)"
        )
    inherited = read(parent, packaged, (*seen, file.resolve()))
    return [*(replace(layer, values=_heritable(layer.values)) for layer in inherited), own]


def _heritable(values: Mapping[str, Any]) -> dict[str, Any]:
    return {field: value for field, value in values.items() if field not in OF_ITSELF}


def _is_other(old: Mapping[str, Any], new: Mapping[str, Any]) -> bool:
    return any(key in new and new[key] != old.get(key) for key in ("name", "preset"))


def mistake(error: ValidationError, layers: Sequence[Layer], model: type[BaseModel]) -> UserError:
    """The first of pydantic's findings as one line that names who said it: a file, or a word."""
    first = error.errors()[0]
    place = [str(part) for part in first["loc"]]
    layer, path = _origin(place, layers)
    if first["type"] in ("extra_forbidden", "missing"):
        what = "no such field" if first["type"] == "extra_forbidden" else "it is missing"
        return _unknown(".".join(place), what, layer, layers, model)
    said = " or ".join(dict.fromkeys(reason(e) for e in error.errors() if _is_of(e, path)))
    if layer.source == TYPED:
        key, _, name = layer.word.partition("=")
        field = _of_plugin(first.get("ctx", {}).get("class_name"), name)
        near = f"; did you mean {key}.{field}={name}?" if field else ""
        return UserError(f"{layer.word} (command line): {said}{near}")
    given = "" if isinstance(first["input"], Mapping) else f" (got {first['input']!r})"
    field = f"{'.'.join(path)}: " if path else ""
    return UserError(f"{field}{said}{given} in {layer.source}")


def _unknown(
    field: str, what: str, layer: Layer, layers: Sequence[Layer], model: type[BaseModel]
) -> UserError:
    """A field that nobody knows, or that is missing beside one that has another name."""
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
    """The field that a value was meant for which was given to a plug-in as a whole."""
    if kind == "Term" and isinstance(read_value(value, float), float | int):
        return "weight"
    return "name" if kind in ("Plugin", "Term") else None


def _is_of(finding: Mapping[str, Any], path: Sequence[str]) -> bool:
    return [str(part) for part in finding["loc"][: len(path)]] == list(path)


def _origin(place: Sequence[str], layers: Sequence[Layer]) -> tuple[Layer, list[str]]:
    """The layer that had the last word on a place, and the field there.

    Pydantic's place may go on with the type of a union, or with the number of an item.
    """
    depths = [_depth(layer.values, place) for layer in layers]
    deepest = max(depths)
    last = max(number for number, depth in enumerate(depths) if depth == deepest)
    # what is missing was said by nobody: the recipe's own file is where to mend it
    files = [layer for layer in layers if layer.source != TYPED]
    return (layers[last], list(place[:deepest])) if deepest else (files[-1], [])


def _depth(values: Any, place: Sequence[str]) -> int:
    """How far a place can be followed."""
    for depth, part in enumerate(place):
        if not isinstance(values, Mapping) or part not in values:
            return depth
        values = values[part]
    return len(place)
