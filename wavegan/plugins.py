"""Find, list, check and build plug-ins.

A plug-in is one public class in one file of its kind's folder; the file's name is its name in
recipes, its constructor its schema. Where all of a kind are short they are classes of one file, and
`GradientPenalty` in `penalties.py` is called `gradient`.

A user's own class is named `package.module:Class`; to find it is to import its module, which runs
whatever stands there. So such a name is followed only where the caller says that the user gave it:
never because a file that may be a stranger's has it.
"""

import ast
import importlib
import inspect
from collections.abc import Mapping
from pathlib import Path
from typing import Any, get_type_hints

from pydantic import ConfigDict, ValidationError, create_model

from wavegan import aliases
from wavegan.errors import UserError, suggest
from wavegan.typed import reason

KINDS = {
    "generators": "Generator",
    "discriminators": "Discriminator",
    "objectives": "Objective",
    "penalties": "Penalty",
    "losses": "Loss",
    "metrics": "Metric",
    "set_metrics": "SetMetric",
    "embeddings": "Embedding",
    "artifacts": "Artifact",
    "tasks": "Task",
    "interop": "Layout",
}


def names(kind: str) -> list[str]:
    """The names of all plug-ins of a kind, found by listing its folder or file; imports none."""
    file = _file(kind)
    if not file.is_file():
        stems = (each.stem for each in file.with_suffix("").glob("*.py"))
        return sorted(stem for stem in stems if stem != "base" and not stem.startswith("_"))
    tree = ast.parse(file.read_text(encoding="utf-8"))
    classes = [node.name for node in tree.body if isinstance(node, ast.ClassDef)]
    return sorted(_called(kind, name) for name in classes if _is_plugin(kind, name))


def _file(kind: str) -> Path:
    """The file of all of a kind, where there is one."""
    return Path(__file__).parent / f"{kind}.py"


def _is_plugin(kind: str, class_name: str) -> bool:
    return class_name[0] != "_" and class_name != KINDS[kind]


def _called(kind: str, class_name: str) -> str:
    """The name in recipes of a class that has others beside it."""
    return class_name.lower().removesuffix(KINDS[kind].lower())


def is_own(name: str) -> bool:
    """Whether a name is that of a class outside wavegan."""
    return ":" in name


def find(kind: str, name: str, *, own: bool = False) -> type:
    """The class called `name`: a file of the kind's folder, or `package.module:Class`.

    Args:
        kind: the plug-in's, one of `KINDS`.
        name: its name.
        own: whether a class outside wavegan may be imported.

    Raises:
        UserError: there is none, it is not of that kind, or may not be imported.
    """
    if is_own(name) and not own:
        raise UserError(
            f"{name!r} is a class outside wavegan, and to open it would run its module's code: if "
            "you trust that, say --trust-code (in Python trust_code=True)"
        )
    cls = _own_class(name) if is_own(name) else _packaged_class(kind, name)
    home = f"wavegan.{kind}" if _file(kind).is_file() else f"wavegan.{kind}.base"
    if not issubclass(cls, getattr(importlib.import_module(home), KINDS[kind])):
        raise UserError(f"{name} is no {KINDS[kind]}: it must inherit {home}.{KINDS[kind]}")
    return cls


def options(kind: str, name: str, *, own: bool = False) -> dict[str, Any]:
    """The annotations of a plug-in's options, by their names; `own` as in `find`.

    Raises:
        UserError: there is no such plug-in.
    """
    return {key: annotation for key, (annotation, _) in _schema(find(kind, name, own=own)).items()}


def check(
    kind: str, name: str, options: Mapping[str, Any], where: str, *, own: bool = False
) -> dict[str, Any]:
    """Check options against the constructor's annotations; returns them converted.

    Args:
        kind: the plug-in's, one of `KINDS`.
        name: its name.
        options: what the recipe says, without the name.
        where: the recipe's field, for messages.
        own: as in `find`.

    Raises:
        UserError: an unknown option (with the nearest known one) or a value of the wrong type.
    """
    fields = _schema(find(kind, name, own=own))
    options = {aliases.option(kind, name, key): value for key, value in options.items()}
    for key in options:
        if key not in fields:
            raise UserError(f"{name} has no such option{suggest(key, fields)}", at=f"{where}.{key}")
    wanted: dict[str, Any] = {key: (fields[key][0], ...) for key in options}
    config = ConfigDict(arbitrary_types_allowed=True, extra="forbid", protected_namespaces=())
    try:
        checked = create_model("Options", __config__=config, **wanted)(**options)
    except ValidationError as error:
        raise _mistake(error, where) from None
    return {key: getattr(checked, key) for key in options}


def build(
    kind: str,
    name: str,
    options: Mapping[str, Any],
    *,
    where: str,
    context: Mapping[str, Any],
    own: bool = False,
) -> Any:
    """Construct a plug-in.

    Args:
        kind: the plug-in's, one of `KINDS`.
        name: its name.
        options: what the recipe says, without the name.
        where: the recipe's field, for messages.
        context: values that follow from the rest of the recipe (`mel`, `n_mels`, `hop_length`,
            `sample_rate`, `channels`, `labels`); each is passed to a constructor that has a
            parameter of that name.
        own: as in `find`.

    Raises:
        UserError: the options do not fit, or contradict the context.
    """
    try:
        cls = find(kind, name, own=own)
    except UserError as error:
        raise UserError(f"{where}: {error}") from None
    given = {key: value for key, value in context.items() if key in _schema(cls)}
    options = check(kind, name, options, where, own=own)
    for key in given.keys() & options.keys():
        if options[key] != given[key]:
            raise UserError(
                f"{where}.{key} is {options[key]!r} but the recipe's other fields make it "
                f"{given[key]!r}: leave it out"
            )
    missing = _required(cls) - given.keys() - options.keys()
    if missing:
        raise UserError(f"{where}.{sorted(missing)[0]} is missing: {name} needs it")
    return cls(**{**given, **options})


def _mistake(error: ValidationError, where: str) -> UserError:
    """The first of pydantic's findings, at its field."""
    first = error.errors()[0]
    path = ".".join(str(part) for part in first["loc"])
    field = ".".join(part for part in (where, path) if part)
    return UserError(f"{reason(first)} (got {first['input']!r})", at=field)


def _own_class(name: str) -> type:
    module_name, _, class_name = name.partition(":")
    try:
        cls = getattr(importlib.import_module(module_name), class_name)
    except ModuleNotFoundError as error:
        own = error.name == module_name.partition(".")[0]
        how = ": put the folder that it lies in into PYTHONPATH" if own else ""
        raise UserError(f"cannot load {name}: {error}{how}") from None
    except (ImportError, AttributeError, ValueError) as error:
        raise UserError(f"cannot load {name}: {error}") from None
    if not inspect.isclass(cls):
        raise UserError(f"{name} is not a class")
    return cls


def _packaged_class(kind: str, name: str) -> type:
    if name not in names(kind):
        raise UserError(f"there is no {name!r} among the {kind}{suggest(name, names(kind))}")
    several = _file(kind).is_file()
    module = importlib.import_module(f"wavegan.{kind}" if several else f"wavegan.{kind}.{name}")
    classes = [
        member
        for key, member in vars(module).items()
        if inspect.isclass(member) and member.__module__ == module.__name__
        if _is_plugin(kind, key) and (not several or _called(kind, key) == name)
    ]
    if len(classes) != 1:
        raise RuntimeError(
            f"{module.__name__} must hold one public class for {name}, found {len(classes)}"
        )
    return classes[0]


def _schema(cls: type) -> dict[str, Any]:
    constructor = inspect.getattr_static(cls, "__init__")
    if constructor is object.__init__:
        return {}
    hints = get_type_hints(constructor)
    return {
        key: (hints[key], ... if parameter.default is parameter.empty else parameter.default)
        for key, parameter in inspect.signature(cls).parameters.items()
        # torch's modules take `*args` and `**kwargs` where a class has no constructor of its own
        if key in hints and parameter.kind not in (parameter.VAR_POSITIONAL, parameter.VAR_KEYWORD)
    }


def _required(cls: type) -> set[str]:
    return {key for key, (_, default) in _schema(cls).items() if default is ...}
