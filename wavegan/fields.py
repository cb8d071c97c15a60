"""The names of a recipe's fields, and suggestions for mistyped ones."""

import difflib
import shlex
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from pydantic import BaseModel

from wavegan.typed import members

MANY = 4
"""Most fields that one message suggests."""


def paths(model: type[BaseModel], values: Mapping[str, Any]) -> list[str]:
    """Dotted names of all fields: those of the sections, and the plug-in options in `values`."""
    return list(dict.fromkeys([*_of_model(model), *_of_values(values)]))


def meant(key: str, known: Sequence[str]) -> list[str]:
    """The fields that a mistyped or shortened name may mean, the likeliest first.

    >>> known = ["training.steps", "training.optimizer.lr", "data.segment", "training.seed"]
    >>> meant("steps", known), meant("optimizer.lr", known), meant("trainig.steps", known)
    (['training.steps'], ['training.optimizer.lr'], ['training.steps'])
    >>> meant("training.stepz", known), meant("nothing", known)
    (['training.steps'], [])
    >>> meant("training.minutes", known)
    []
    """
    key = key.replace("-", "_").lower()
    if key in known:
        return [key]
    if ends := [field for field in known if field.endswith(f".{key}")]:
        return ends
    parents, _, last = key.rpartition(".")
    if parents:
        same = [field for field in known if _last(field) == last]
        # a shared section makes names with different meanings look similar: compare the last parts
        similar = difflib.get_close_matches(last, {_last(field) for field in known})
        return _near(key, same) or _near(key, [field for field in known if _last(field) in similar])
    lasts = {_last(field) for field in known}
    near = difflib.get_close_matches(last, lasts, n=1, cutoff=0.75)
    return [field for field in known if near and _last(field) == near[0]]


def proposal(key: str, value: str | None = None, known: Sequence[str] = ()) -> str:
    """The end of a message: `; did you mean training.steps=5?`, or "" if nothing is similar.

    A suggestion with a value is quoted for the shell.
    """
    fields = meant(key, known)
    found = fields if value is None else [shlex.quote(f"{field}={value}") for field in fields]
    if not found or len(found) > MANY:
        return ""
    return f"; did you mean {' or '.join(found)}?"


def _last(field: str) -> str:
    return field.rpartition(".")[2]


def _near(key: str, known: Sequence[str]) -> list[str]:
    return difflib.get_close_matches(key, known, n=1)


def _of_model(model: type[BaseModel], above: str = "") -> Iterator[str]:
    for name, field in model.model_fields.items():
        sections = [m for m in members(field.annotation) if _is_closed(m)]
        if sections:
            yield from _of_model(sections[0], f"{above}{name}.")
        else:
            yield f"{above}{name}"


def _is_closed(kind: Any) -> bool:
    """Whether a type is a section that allows no other fields than its own."""
    is_section = isinstance(kind, type) and issubclass(kind, BaseModel)
    return is_section and kind.model_config.get("extra") == "forbid"


def _of_values(values: Mapping[str, Any], above: str = "") -> Iterator[str]:
    for name, value in values.items():
        if isinstance(value, Mapping):
            yield from _of_values(value, f"{above}{name}.")
        else:
            yield f"{above}{name}"
