"""How every layout reads its files: never running code in them, naming the file that is bad."""

import json
from collections.abc import Callable, Mapping
from pathlib import Path
from pickle import UnpicklingError
from typing import Any

import torch
import yaml
from torch import Tensor

from wavegan.errors import UserError


def torch_file(file: Path) -> Any:
    """Read what `torch.save` wrote: tensors and plain containers only, on the CPU.

    Raises:
        UserError: it is missing, truncated, no torch file, or needs code to be run.
    """
    try:
        return torch.load(file, map_location="cpu", weights_only=True)
    except FileNotFoundError:
        raise UserError(f"{file}: no such file") from None
    except UnpicklingError as error:
        unsafe = "Unsupported" in str(error) or "GLOBAL" in str(error)
        if not unsafe:
            raise UserError(f"{file}: damaged or not a file of torch weights") from None
        raise UserError(
            f"{file}: holds more than weights, and opening it would run code that came with it: "
            "on a machine where you trust it, load it with its own project and save only the "
            "state dict, torch.save(model.state_dict(), FILE)"
        ) from None
    except (RuntimeError, EOFError, OSError, ValueError, KeyError, AttributeError):
        raise UserError(f"{file}: damaged or not a file of torch weights") from None


def json_file(file: Path) -> dict[str, Any]:
    """Read a JSON object.

    Raises:
        UserError: it is missing or something else.
    """
    return _mapping(file, "JSON", json.loads)


class _WithoutCode(yaml.SafeLoader):
    """PyYAML's safe loader, which also takes a tagged mapping for the plain mapping it is."""


def _untagged(loader: yaml.SafeLoader, _suffix: str, node: yaml.Node) -> Any:
    if isinstance(node, yaml.MappingNode):
        return loader.construct_mapping(node, deep=True)
    if isinstance(node, yaml.SequenceNode):
        return loader.construct_sequence(node, deep=True)
    return loader.construct_scalar(node)  # type: ignore[arg-type]


_WithoutCode.add_multi_constructor("tag:yaml.org,2002:python/", _untagged)


def yaml_file(file: Path) -> dict[str, Any]:
    """Read a YAML mapping; tags of Python objects are dropped, never followed.

    Raises:
        UserError: it is missing or something else.
    """
    return _mapping(file, "YAML", yaml_text)


def yaml_text(text: str) -> Any:
    """What a YAML text holds, as `yaml_file` reads it."""
    return yaml.load(text, _WithoutCode)  # noqa: S506  # a subclass of SafeLoader


def _mapping(file: Path, kind: str, parse: Callable[[str], Any]) -> dict[str, Any]:
    try:
        content = parse(file.read_text(encoding="utf-8"))
    except FileNotFoundError:
        raise UserError(f"{file}: no such file") from None
    except (OSError, UnicodeDecodeError, ValueError, yaml.YAMLError):
        raise UserError(f"{file}: not readable as {kind}") from None
    if not isinstance(content, dict):
        raise UserError(f"{file}: holds no {kind} mapping")
    return content


def state_dict(content: Any, file: Path, *path: str) -> dict[str, Tensor]:
    """The tensors at a path of keys inside a loaded file.

    Raises:
        UserError: a key is missing, or something else than tensors is there.
    """
    for key in path:
        if not isinstance(content, Mapping) or key not in content:
            there = ", ".join(map(str, list(content)[:5])) if isinstance(content, Mapping) else ""
            raise UserError(f"{file}: has no {key!r}; found {there or type(content).__name__}")
        content = content[key]
    if not isinstance(content, Mapping) or not all(isinstance(v, Tensor) for v in content.values()):
        raise UserError(f"{file}: {'.'.join(path) or 'its content'} is not a state dict of tensors")
    return dict(content)


def field(config: Mapping[str, Any], name: str, file: Path) -> Any:
    """A field that a configuration must have.

    Raises:
        UserError: it is missing.
    """
    if name not in config:
        raise UserError(f"{file}: has no field {name!r}")
    return config[name]
