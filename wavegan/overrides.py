"""Fields of a recipe as people type them: `KEY=VALUE`."""

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
"""The recipe's fields that hold plug-ins, and their kinds."""


@dataclass(frozen=True)
class Override:
    """One `KEY=VALUE`.

    Attributes:
        word: as it was typed.
        path: the parts of the key.
        text: the value as it was typed.
    """

    word: str
    path: tuple[str, ...]
    text: str

    def values(self, value: Any) -> dict[str, Any]:
        """A recipe with this field alone."""
        for part in reversed(self.path):
            value = {part: value}
        return dict(value)


def split(words: Sequence[str]) -> list[Override]:
    """Take words apart at the first `=`.

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
    """Refuse `KEY = VALUE`, which a shell makes three words of.

    Raises:
        UserError: it shows how to write it.
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
        raise UserError(f"'{key} = {text}': write it without spaces around the =: {whole}")


def typed(
    words: Sequence[str], model: type[BaseModel], values: Mapping[str, Any], *, own: bool = False
) -> list[tuple[Override, Any]]:
    """Read words by the types of their fields.

    Args:
        words: `KEY=VALUE` each.
        model: the recipe's.
        values: the recipe that they change; it names the plug-ins whose options have types.
        own: whether classes outside wavegan may be imported, whose options are of no known types
            else.

    Raises:
        UserError: see `split`; also a path or number of no characters.
    """
    given = split(words)
    for override in given:
        # another name makes another plug-in, whose options are other ones
        if override.path[-1] == "name" or override.text[:1] == "{":
            kind = type_of(model, override.path, values, own=own)
            values = merge(values, override.values(read(override.text, kind)))
    found = []
    for override in given:
        kind = type_of(model, override.path, values, own=own)
        if not override.text and str not in members(kind):
            raise _mistake(override, "give a value behind the =")
        value = read(override.text, kind)
        _check_plugin(override, value, values, own)
        found.append((override, value))
    return found


def _check_plugin(override: Override, value: Any, values: Mapping[str, Any], own: bool) -> None:
    """Refuse what a plug-in cannot be or take while it is known that it was typed."""
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
    """The annotation of a field, or Any where it has none; `own` as in `typed`."""
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
    """The annotations of a plug-in's options; None where it cannot be loaded."""
    name = _at(values, [*path, "name"])
    try:
        return plugins.options(PLUGINS[path[0]], str(name), own=own)
    except UserError:
        return None  # refused where the plug-in is built


def _at(values: Any, path: Sequence[str]) -> Any:
    """What a recipe has at a path, or None."""
    for part in path:
        values = values.get(part) if isinstance(values, Mapping) else None
    return values


def _of_the_mel(field: str) -> Any:
    from wavegan.mel.front_end import Mel

    return str if field == "preset" else get_type_hints(Mel).get(field, Any)
