"""Read recipe overrides from the command line: `KEY=VALUE`."""

import shlex
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, get_args, get_origin, get_type_hints

from pydantic import BaseModel

from wavegan import aliases, plugins
from wavegan.errors import UserError, suggest
from wavegan.recipe_layers import merge
from wavegan.typed import members, read

PLUGINS = {
    "task": "tasks",
    "generator": "generators",
    "objective": "objectives",
    "discriminators": "discriminators",
    "penalties": "penalties",
    "losses": "losses",
}
"""Recipe fields that hold plug-ins, and the kind of each."""


@dataclass(frozen=True)
class Override:
    """One `KEY=VALUE`.

    Attributes:
        word: the whole word, as typed.
        path: the parts of the key.
        text: the value, as typed.
    """

    word: str
    path: tuple[str, ...]
    text: str

    def values(self, value: Any) -> dict[str, Any]:
        """Nested recipe values with only this field."""
        for part in reversed(self.path):
            value = {part: value}
        return dict(value)


def split(words: Sequence[str]) -> list[Override]:
    """Split words at the first `=`.

    Raises:
        UserError: a word without `=`, or with spaces around it.
    """
    refuse_spaces(words)
    found = []
    for word in words:
        key, equals, text = word.partition("=")
        if not equals or not key:
            raise UserError(f"{word!r}: write KEY=VALUE, e.g. training.steps=1000")
        found.append(Override(word, aliases.field(tuple(key.split("."))), text))
    return found


def refuse_spaces(words: Sequence[str]) -> None:
    """Refuse `KEY = VALUE`, which the shell splits into three words.

    Raises:
        UserError: shows how to write it.
    """
    for place, word in enumerate(words):
        key, equals, text = word.partition("=")
        following = "".join(words[place + 1 : place + 2])
        if not equals and following[:1] == "=":
            text = following[1:] or "".join(words[place + 2 : place + 3])
        elif equals and not text and following and "=" not in following:
            text = following
        elif key == key.strip():
            continue
        key, text = key.strip(), text.strip()
        whole = shlex.quote(f"{key}={text}")
        raise UserError(f"'{key} = {text}': write it without spaces around =: {whole}")


def typed(
    words: Sequence[str], model: type[BaseModel], values: Mapping[str, Any], *, own: bool = False
) -> list[tuple[Override, Any]]:
    """Convert words to the types of their fields.

    Args:
        words: `KEY=VALUE` each.
        model: the recipe's class.
        values: the recipe that they change; its plug-ins give the types of their options.
        own: whether classes outside wavegan may be imported; if not, the types of their options
            are unknown.

    Raises:
        UserError: as `split`; or an empty value for a field that is not a text.
    """
    overrides = split(words)
    for override in overrides:
        # a new plug-in name changes which options there are
        if override.path[-1] == "name" or override.text[:1] == "{":
            kind = type_of(model, override.path, values, own=own)
            values = merge(values, override.values(read(override.text, kind)))
    found = []
    for override in overrides:
        kind = type_of(model, override.path, values, own=own)
        if not override.text and str not in members(kind):
            raise _mistake(override, "give a value after the =")
        value = read(override.text, kind)
        _check_plugin(override, value, values, own)
        found.append((override, value))
    return found


def _check_plugin(override: Override, value: Any, values: Mapping[str, Any], own: bool) -> None:
    """Refuse an unknown plug-in or option here, where the message can name the typed word."""
    *path, option = override.path
    if not path or path[0] not in PLUGINS:
        return
    kind = PLUGINS[path[0]]
    if option == "name":
        known = plugins.names(kind)
        if ":" not in override.text and override.text not in known:
            near = suggest(override.text, known)
            raise _mistake(override, f"there is no {override.text!r} among the {kind}{near}")
    elif option != "weight" and _options(path, values, own) is not None:
        name, where = _at(values, [*path, "name"]), ".".join(path)
        try:
            plugins.check(kind, name, {option: value}, where, own=own)
        except UserError as error:
            raise _mistake(override, error.reason) from None


def _mistake(override: Override, reason: str) -> UserError:
    return UserError(f"{override.word} (command line): {reason}")


def type_of(
    model: type[BaseModel], path: Sequence[str], values: Mapping[str, Any], *, own: bool = False
) -> Any:
    """The type annotation of a field, or Any if it has none; `own` as in `typed`."""
    here: Any = model
    for place, part in enumerate(path):
        section = next((m for m in members(here) if _is_section(m)), None)
        table = next((m for m in members(here) if get_origin(m) is dict), None)
        if section is not None and part in section.model_fields:
            here = section.model_fields[part].annotation
        elif section is not None and section.model_config.get("extra") == "allow":
            here = (_options(path[:place], values, own) or {}).get(part, Any)
        elif table is not None and path[0] == "mel":
            here = _of_the_mel(part)
        else:
            # null removes an entry of a table
            here = get_args(table)[1] | None if table is not None else Any
    return here


def _is_section(kind: Any) -> bool:
    return isinstance(kind, type) and issubclass(kind, BaseModel)


def _options(path: Sequence[str], values: Mapping[str, Any], own: bool) -> dict[str, Any] | None:
    """The type annotations of a plug-in's options; None if it cannot be loaded."""
    name = _at(values, [*path, "name"])
    try:
        return plugins.options(PLUGINS[path[0]], str(name), own=own)
    except UserError:
        return None  # refused where the plug-in is built


def _at(values: Any, path: Sequence[str]) -> Any:
    """The recipe's value at a path, or None."""
    for part in path:
        values = values.get(part) if isinstance(values, Mapping) else None
    return values


def _of_the_mel(field: str) -> Any:
    from wavegan.mel.front_end import Mel

    return str if field == "preset" else get_type_hints(Mel).get(field, Any)
