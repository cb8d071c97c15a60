"""Find, list, check and build plug-ins.

A plug-in is one public class in one file of its kind's folder. The file's name is the plug-in's
name in recipes, the constructor is its schema. Kinds with short classes have one file for all of
them: `GradientPenalty` in `penalties.py` is called `gradient`.

A user's own class is named `package.module:Class`. To find it, its module is imported, which runs
its code. So such a name is used only if the caller allows it (`own`), never just because a file
of unknown origin holds it.
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
    """The names of all plug-ins of a kind, from its folder or file; nothing is imported."""
    file = _file(kind)
    if not file.is_file():
        stems = (each.stem for each in file.with_suffix("").glob("*.py"))
        return sorted(stem for stem in stems if stem != "base" and not stem.startswith("_"))
    tree = ast.parse(file.read_text(encoding="utf-8"))
    classes = [node.name for node in tree.body if isinstance(node, ast.ClassDef)]
    return sorted(_called(kind, name) for name in classes if _is_plugin(kind, name))


def _file(kind: str) -> Path:
    """The file for all plug-ins of a kind, if the kind has one."""
    return Path(__file__).parent / f"{kind}.py"


def _is_plugin(kind: str, class_name: str) -> bool:
    return class_name[0] != "_" and class_name != KINDS[kind]


def _called(kind: str, class_name: str) -> str:
    """The plug-in name of a class in a file with several classes."""
    return class_name.lower().removesuffix(KINDS[kind].lower())


def is_own(name: str) -> bool:
    """Whether a name is that of a class outside wavegan."""
    return ":" in name


def find(kind: str, name: str, *, own: bool = False) -> type:
    """The class of a plug-in, by its name or as `package.module:Class`.

    Args:
        kind: the plug-in's kind, one of `KINDS`.
        name: its name.
        own: whether a class outside wavegan may be imported.

    Raises:
        UserError: it does not exist, is not of that kind, or may not be imported.
    """
    if is_own(name) and not own:
        raise UserError(
            f"{name!r} is a class outside wavegan, and loading it runs its module's code: if you "
            "trust that code, add --trust-code (in Python: trust_code=True)"
        )
    cls = _own_class(name) if is_own(name) else _packaged_class(kind, name)
    home = f"wavegan.{kind}" if _file(kind).is_file() else f"wavegan.{kind}.base"
    if not issubclass(cls, getattr(importlib.import_module(home), KINDS[kind])):
        raise UserError(f"{name} is not a {KINDS[kind]}: it must inherit {home}.{KINDS[kind]}")
    return cls


def options(kind: str, name: str, *, own: bool = False) -> dict[str, Any]:
    """The type annotations of a plug-in's options by name; `own` as in `find`.

    Raises:
        UserError: the plug-in does not exist.
    """
    return {key: annotation for key, (annotation, _) in _schema(find(kind, name, own=own)).items()}


def check(
    kind: str, name: str, options: Mapping[str, Any], where: str, *, own: bool = False
) -> dict[str, Any]:
    """Check options against the constructor's annotations; returns them converted.

    Args:
        kind: the plug-in's kind, one of `KINDS`.
        name: its name.
        options: its options in the recipe, without the name.
        where: the recipe's field, for messages.
        own: as in `find`.

    Raises:
        UserError: an option is unknown (suggests the nearest one), or a value has the wrong type.
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
        kind: the plug-in's kind, one of `KINDS`.
        name: its name.
        options: its options in the recipe, without the name.
        where: the recipe's field, for messages.
        context: values that follow from the rest of the recipe (`mel`, `n_mels`, `hop_length`,
            `sample_rate`, `channels`, `labels`); each is passed if the constructor has a parameter
            of that name.
        own: as in `find`.

    Raises:
        UserError: the options do not fit, or contradict the context.
    """
    try:
        cls = find(kind, name, own=own)
    except UserError as error:
        raise UserError(f"{where}: {error}") from None
    derived = {key: value for key, value in context.items() if key in _schema(cls)}
    options = check(kind, name, options, where, own=own)
    for key in derived.keys() & options.keys():
        if options[key] != derived[key]:
            raise UserError(
                f"{where}.{key} is {options[key]!r}, but the recipe's other fields make it "
                f"{derived[key]!r}: leave it out"
            )
    missing = _required(cls) - derived.keys() - options.keys()
    if missing:
        raise UserError(f"{where}.{sorted(missing)[0]} is missing: {name} needs it")
    return cls(**{**derived, **options})


def _mistake(error: ValidationError, where: str) -> UserError:
    """The first of pydantic's errors, with its field."""
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
        how = ": add the folder of this module to PYTHONPATH" if own else ""
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
        # without its own constructor, a torch module has `*args` and `**kwargs`
        if key in hints and parameter.kind not in (parameter.VAR_POSITIONAL, parameter.VAR_KEYWORD)
    }


def _required(cls: type) -> set[str]:
    return {key for key, (_, default) in _schema(cls).items() if default is ...}
