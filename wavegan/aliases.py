"""Old names of recipe fields and plug-in options, and the current names they map to.

Files written by older versions must stay readable: every renamed field or option gets a line here.
"""

from collections.abc import Mapping
from typing import Any

from wavegan.errors import UserError

FIELDS: Mapping[str, str] = {
    "data.channels": "audio.channels",
    "training.augment.most": "training.augment.max_probability",
    "training.augment.up_to": "training.augment.max_crops",
}
"""Dotted recipe fields: old name to current name."""
OPTIONS: Mapping[tuple[str, str], Mapping[str, str]] = {
    ("generators", "vocos"): {
        "width": "dim",
        "hidden_width": "intermediate_dim",
        "layers": "num_layers",
    },
}
"""Plug-in options, by kind and plug-in name: old name to current name."""
FIGURES: Mapping[str, str] = {"mel_distance": "log_mel_l1", "mr_stft": "mrstft"}
"""Figures in `metrics.jsonl`: old name to current name."""
EVENT_FIELDS: Mapping[str, str] = {"measured_anew": "other_clips", "players": "networks"}
"""Fields of lines about starts, skips and other events in `metrics.jsonl`: old name to current."""
ALARMS: Mapping[str, str] = {"by heart": "memorized"}
"""Names of alarms in `metrics.jsonl`: old name to current name."""


def field(path: tuple[str, ...]) -> tuple[str, ...]:
    """The path of a recipe field under its current name."""
    known = FIELDS.get(".".join(path))
    return tuple(known.split(".")) if known else path


def fields(values: Mapping[str, Any]) -> dict[str, Any]:
    """A recipe's values with each field under its current name.

    Raises:
        UserError: a field is given under both names, with different values.
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
    """The current name of a plug-in's option."""
    return OPTIONS.get((kind, plugin), {}).get(name, name)


def with_options(values: Mapping[str, Any]) -> dict[str, Any]:
    """A recipe's values, with the generator's options under their current names."""
    generator = values.get("generator")
    if not isinstance(generator, Mapping):
        return dict(values)
    return {**values, "generator": options("generators", generator)}


def options(kind: str, values: Mapping[str, Any]) -> dict[str, Any]:
    """A plug-in's name and options, each option under its current name.

    If both names are given, the value of the old name wins: it overrides values that were already
    renamed.

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


def _with(values: Mapping[str, Any], path: list[str], value: Any, conflict: str) -> dict[str, Any]:
    first, *rest = path
    if not rest:
        if first in values and values[first] != value:
            raise UserError(f"{conflict} is {values[first]!r}: give one of the two")
        return {**values, first: value}
    section = values.get(first)
    inner = section if isinstance(section, Mapping) else {}
    return {**values, first: _with(inner, rest, value, conflict)}
