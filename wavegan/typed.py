"""Convert a value typed on the command line by the type of its field; a path is used as typed.

YAML would read `run #2` as `run`, `[eval]/v.txt` as a broken list, `no` as false and `010` as 8.
So only lists and mappings are read as YAML.
"""

import os
import re
import types
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Annotated, Any, Literal, Union, get_args, get_origin

import yaml
from pydantic import BaseModel

from wavegan import bounded_yaml
from wavegan.bounded_yaml import BoundedLoader, PlainLoader

_SEQUENCES = (list, tuple, Sequence)
_TRUE, _FALSE = {"true", "yes", "on"}, {"false", "no", "off"}
_NOT_FINITE = {".inf", "-.inf", ".nan"}
_PLAINLY = {
    "int_parsing": "give a whole number (an integer)",
    "int_from_float": "give a whole number (an integer)",
    "int_type": "give a whole number (an integer)",
    "float_parsing": "give a number",
    "float_type": "give a number",
    "tuple_type": "give a list, such as [a, b]",
    "list_type": "give a list, such as [a, b]",
    "sequence_str": "give a list, such as [a, b]",
    "path_type": "give a path",
    "model_type": "it has fields of its own: give these",
    "model_attributes_type": "it has fields of its own: give these",
    "dict_type": "it has entries of its own: give these",
}
_PLAIN_NUMBER = re.compile(r"[-+]?(0|[1-9]\d*)?(\.\d*)?([eE][-+]?\d+)?")


def read(text: str, annotation: Any) -> Any:
    """Convert the typed text of a field's value.

    Args:
        text: the text after `=`.
        annotation: the field's type; `Any`: not known, the text is read as YAML.

    Returns:
        None for `null` if the field may be null; a word of a `Literal`; a number, boolean, list or
        mapping if the type allows it and the text is one; else the text. A text that does not fit
        is returned as it is: pydantic checks it later.

    >>> read("run #2", str | None), read("null", str | None), read("no", str)
    ('run #2', None, 'no')
    >>> read("0.1", int | float | Path), read("a: b.txt", int | float | Path)
    (0.1, PosixPath('a: b.txt'))
    >>> read("'no'", Literal["no", "bf16"])
    'no'
    >>> read("[01, no]", tuple[str, ...]), read("010", int)
    (['01', 'no'], 10)
    """
    kinds = members(annotation)
    if text.lower() == "null" and (type(None) in kinds or Any in kinds):
        return None
    # words of a Literal have no quotes: these remain from a line written as YAML
    bare = text[1:-1] if text[:1] in ("'", '"') and text[-1:] == text[:1] else text
    if words := [word for kind in kinds for word in _words(kind) if str(word) in (text, bare)]:
        return words[0]
    for reader in (_boolean, _number, _structure, _anything):
        value = reader(text, kinds)
        if value is not None:
            return value
    return Path(os.path.expanduser(text)) if Path in kinds else text


def reason(finding: Mapping[str, Any]) -> str:
    """What is wrong with a value: pydantic's error in plain words."""
    message: str = finding["msg"]
    return _PLAINLY.get(finding["type"]) or message.removeprefix("Value error, ")


def members(annotation: Any) -> list[Any]:
    """The types of a union, without their `Annotated` metadata.

    >>> members(Annotated[int, "samples"] | None)
    [<class 'int'>, <class 'NoneType'>]
    """
    origin = get_origin(annotation)
    if origin is Annotated:
        return members(get_args(annotation)[0])
    if origin in (Union, types.UnionType):
        return [member for part in get_args(annotation) for member in members(part)]
    return [annotation]


def _words(kind: Any) -> tuple[Any, ...]:
    return get_args(kind) if get_origin(kind) is Literal else ()


def _boolean(text: str, kinds: list[Any]) -> bool | None:
    if bool not in kinds or text.lower() not in _TRUE | _FALSE:
        return None
    return text.lower() in _TRUE


def _number(text: str, kinds: list[Any]) -> int | float | None:
    """A number if the field may be one. If it may be a path, `nan` and `007` are paths."""
    if int not in kinds and float not in kinds:
        return None
    if (Path in kinds or str in kinds) and not _PLAIN_NUMBER.fullmatch(text):
        return None
    if text.lower() in _NOT_FINITE:
        return float(text.replace(".", ""))
    for convert in (int, float):
        try:
            return convert(text)
        except ValueError:
            continue
    return None


def _structure(text: str, kinds: list[Any]) -> Any:
    """A list or a mapping in YAML's inline form."""
    if text.strip()[:1] not in ("[", "{"):
        return None
    for kind in kinds:
        origin = get_origin(kind) or kind
        wanted = list if origin in _SEQUENCES else dict
        if wanted is dict and not (origin is dict or _is_section(origin)):
            continue
        plain = wanted is list and _is_plain(kind)
        found = _yaml(text, PlainLoader if plain else BoundedLoader)
        if isinstance(found, wanted):
            return _items(found, kind) if plain else found
    return None


def _is_section(kind: Any) -> bool:
    return isinstance(kind, type) and issubclass(kind, BaseModel)


def _is_plain(kind: Any) -> bool:
    """Whether a type is a text or a number, or a list of only these."""
    if get_origin(kind) in _SEQUENCES:
        parts = [part for part in get_args(kind) if part is not Ellipsis]
        return all(_is_plain(member) for part in parts for member in members(part))
    return kind in (str, int, float, bool, Path, type(None)) or get_origin(kind) is Literal


def _items(found: Any, kind: Any) -> Any:
    """Convert the items of a list, which are still text, by their types."""
    if not isinstance(found, list):
        return read(found, kind) if isinstance(found, str) else found
    lists = [member for member in members(kind) if get_origin(member) in _SEQUENCES]
    parts = get_args(lists[0]) if lists else (Any,)
    if len(parts) != len(found) or parts[-1] is Ellipsis:
        parts = parts[:1] * len(found)
    return [_items(item, part) for item, part in zip(found, parts, strict=True)]


def _anything(text: str, kinds: list[Any]) -> Any:
    """The text read as YAML if the type is not known."""
    known = (str, int, float, bool, Path, type(None), dict, list, tuple)
    if all(k in known or get_origin(k) or _is_section(k) for k in kinds):
        return None
    return _yaml(text, BoundedLoader)


def _yaml(text: str, loader: type[BoundedLoader]) -> Any:
    try:
        return bounded_yaml.read(text, loader)
    except yaml.YAMLError:
        return None
