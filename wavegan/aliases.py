"""Names of before, in recipes and bundles: each is read as the name of today.

A name that was ever written into a file is never forgotten; what is renamed gets a line here.
"""

from collections.abc import Mapping
from typing import Any

from wavegan.errors import UserError

FIELDS: Mapping[str, str] = {
    "data.channels": "audio.channels",
    "training.augment.most": "training.augment.max_probability",
    "training.augment.up_to": "training.augment.max_crops",
}
"""Fields of recipes, dotted: the old name, and that of today."""
OPTIONS: Mapping[tuple[str, str], Mapping[str, str]] = {
    ("generators", "vocos"): {
        "width": "dim",
        "hidden_width": "intermediate_dim",
        "layers": "num_layers",
    },
}
"""Options of plug-ins, by kind and name: the old name, and that of today."""
FIGURES: Mapping[str, str] = {"mel_distance": "log_mel_l1", "mr_stft": "mrstft"}
"""Figures in `metrics.jsonl`: the old name, and that of today."""


def field(path: tuple[str, ...]) -> tuple[str, ...]:
    """The path of a recipe's field, by its name of today."""
    known = FIELDS.get(".".join(path))
    return tuple(known.split(".")) if known else path


def fields(values: Mapping[str, Any]) -> dict[str, Any]:
    """A recipe's values with each field under its name of today.

    Raises:
        UserError: a field is there under both of its names, with two values.
    """
    found = dict(values)
    for old, new in FIELDS.items():
        *above, last = old.split(".")
        section = _section(found, above)
        if section is None or last not in section:
            continue
        value = section[last]
        found = _without(found, above, last)
        found = _with(found, new.split("."), value, f"{old} is {value!r}, but {new}")
    return found


def option(kind: str, plugin: str, name: str) -> str:
    """The name of today of a plug-in's option."""
    return OPTIONS.get((kind, plugin), {}).get(name, name)


def with_options(values: Mapping[str, Any]) -> dict[str, Any]:
    """A recipe's values, the options of its generator under their names of today."""
    generator = values.get("generator")
    if not isinstance(generator, Mapping):
        return dict(values)
    return {**values, "generator": options("generators", generator)}


def options(kind: str, values: Mapping[str, Any]) -> dict[str, Any]:
    """A plug-in's name and options, each option under its name of today.

    Where both are there, the old name wins: what it lies over has the names of today.

    Args:
        kind: the plug-in's folder.
        values: `name` and options.
    """
    known = OPTIONS.get((kind, str(values.get("name"))), {})
    renamed = {known[key]: value for key, value in values.items() if key in known}
    return {key: value for key, value in values.items() if key not in known} | renamed


def _section(values: Any, path: list[str]) -> Mapping[str, Any] | None:
    for part in path:
        values = values.get(part) if isinstance(values, Mapping) else None
    return values if isinstance(values, Mapping) else None


def _without(values: Mapping[str, Any], above: list[str], name: str) -> dict[str, Any]:
    if not above:
        return {key: value for key, value in values.items() if key != name}
    first, *rest = above
    return {**values, first: _without(values[first], rest, name)}


def _with(values: Mapping[str, Any], path: list[str], value: Any, said: str) -> dict[str, Any]:
    first, *rest = path
    if not rest:
        if first in values and values[first] != value:
            raise UserError(f"{said} is {values[first]!r}: give one of the two")
        return {**values, first: value}
    section = values.get(first)
    inner = section if isinstance(section, Mapping) else {}
    return {**values, first: _with(inner, rest, value, said)}
