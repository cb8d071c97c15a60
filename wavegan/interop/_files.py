"""Read files of other projects without running code in them; errors name the file."""

import json
import re
import zipfile
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import yaml
from torch import Tensor

from wavegan import bounded_text, bounded_yaml, file_kinds, tensor_file
from wavegan.bounded_yaml import LONGEST, BoundedLoader
from wavegan.errors import UserError
from wavegan.interop import _pickles
from wavegan.json_file import shown
from wavegan.weights import read_weights

TORCH_SUFFIXES = (".pt", ".pth", ".pkl", ".ckpt", ".bin", ".tar")
"""Suffixes of files written by `torch.save`; some projects use none."""
SUFFIXES = (*TORCH_SUFFIXES, ".safetensors")
_WRAPPED = re.compile(r"(?:(?:module|_orig_mod)\.)+")

_HARMLESS = re.compile(
    r"torch\.\w+|torch\.(_utils|_tensor|storage|serialization|nn\.parameter)\.\w+|collections\.\w+"
    r"|(builtins|__builtin__)\.(set|bytearray|complex)|_codecs\.encode"
)
"""What files of plain tensors call. Only torch decides what may be called."""


def contents(file: Path) -> Any:
    """The content of a weights file, safetensors or torch, whatever its suffix.

    Raises:
        UserError: see `torch_file` and `read_weights`.
    """
    try:
        safe, zipped = file_kinds.is_safetensors(file), zipfile.is_zipfile(file)
    except OSError:
        safe = zipped = False
    misnamed = safe if file.suffix != ".safetensors" else zipped
    return read_weights(file) if (file.suffix == ".safetensors") != misnamed else torch_file(file)


def torch_file(file: Path) -> Any:
    """Read a file of `torch.save` on the CPU: tensors and plain containers only.

    Raises:
        UserError: it is missing, truncated, not a torch file, or would run code.
    """
    try:
        file.open("rb").close()
    except FileNotFoundError:
        raise UserError("no such file", at=file) from None
    except OSError as error:
        raise UserError(str(error.strerror or error), at=file) from None
    try:
        return tensor_file.load(file)
    except UserError:
        raise
    except Exception as error:
        # The bytes are untrusted: torch and the unpickler raise any exception for damaged ones.
        refuse_unusable(file)
        if "Unsupported global" in str(error) or "Unsupported class" in str(error):
            raise _unsafe(file, _pickles.callables(file)) from None
        raise UserError("damaged, or not a file of torch weights", at=file) from None


def refuse_unusable(file: Path) -> None:
    """Refuse an unusable file by its first bytes or its names, without reading its weights.

    Raises:
        UserError: it is empty, truncated, not a weights file, or would run code.
    """
    refuse_other_kinds(file)
    strange = [name for name in _pickles.callables(file) if not _HARMLESS.fullmatch(name)]
    if strange:
        raise _unsafe(file, strange)


def refuse_other_kinds(file: Path) -> None:
    """Refuse a file that is not a weights file, whatever its name.

    Raises:
        UserError: the message has the kind of the file and what to do.
    """
    if reason := file_kinds.no_weights_reason(file):
        raise UserError(reason, at=file)


def _unsafe(file: Path, names: list[str]) -> UserError:
    return UserError(
        f"it has more than weights ({', '.join(names[:3]) or 'an object'}), and opening it "
        "would run code from the file: if you trust it, load it with its own project and save "
        "only the weights, with torch.save(model.state_dict(), FILE)",
        at=file,
    )


def json_file(file: Path) -> dict[str, Any]:
    """Read a JSON object.

    Raises:
        UserError: it is missing or something else.
    """
    return _mapping(file, "JSON", json.loads)


class _WithoutCode(BoundedLoader):
    """The bounded loader, which reads tagged mappings as plain mappings."""


def _untagged(loader: yaml.SafeLoader, _suffix: str, node: yaml.Node) -> Any:
    if isinstance(node, yaml.MappingNode):
        return loader.construct_mapping(node, deep=True)
    if isinstance(node, yaml.SequenceNode):
        return loader.construct_sequence(node, deep=True)
    return loader.construct_scalar(node)  # type: ignore[arg-type]


_WithoutCode.add_multi_constructor("tag:yaml.org,2002:python/", _untagged)


def yaml_file(file: Path) -> dict[str, Any]:
    """Read a YAML mapping; tags of Python objects are ignored.

    Raises:
        UserError: it is missing or something else.
    """
    return _mapping(file, "YAML", yaml_text)


def yaml_text(text: str) -> Any:
    """The content of a YAML text, read as by `yaml_file`."""
    return bounded_yaml.read(text, _WithoutCode)


def yaml_documents(text: str, file: Path) -> dict[str, Any]:
    """The fields of all documents (`---` between them) of a YAML text found in `file`.

    Raises:
        UserError: it is not YAML, or a document is not a mapping.
    """
    fields: dict[str, Any] = {}
    try:
        for document in bounded_yaml.documents(text, _WithoutCode):
            fields.update(document)
    except (ValueError, TypeError, RecursionError, yaml.YAMLError):
        raise UserError("the settings inside it are not readable as YAML", at=file) from None
    return fields


def _mapping(file: Path, kind: str, parse: Callable[[str], Any]) -> dict[str, Any]:
    try:
        content = parse(bounded_text.read(file, LONGEST))
    except FileNotFoundError:
        raise UserError("no such file", at=file) from None
    except yaml.YAMLError as error:
        raise UserError(f"not readable as {kind}: {bounded_yaml.reason(error)}", at=file) from None
    except (OSError, ValueError, RecursionError):
        raise UserError(f"not readable as {kind}", at=file) from None
    if not isinstance(content, dict):
        raise UserError(f"its content is not a {kind} mapping", at=file)
    return content


def state_dict(content: Any, file: Path, *path: str) -> dict[str, Tensor]:
    """The tensors at a path of keys inside a loaded file.

    Raises:
        UserError: a key is missing, or the value is not a dict of tensors.
    """
    for key in path:
        if not isinstance(content, Mapping) or key not in content:
            keys = list(content)[:5] if isinstance(content, Mapping) else ()
            there = ", ".join(shown(key).strip("'") for key in keys)
            raise UserError(f"has no {key!r}; found {there or type(content).__name__}", at=file)
        content = content[key]
    if (
        not isinstance(content, Mapping)
        or not content
        or not all(isinstance(k, str) and isinstance(v, Tensor) for k, v in content.items())
    ):
        raise UserError(
            f"{'.'.join(path) or 'its content'} is not a state dict of tensors", at=file
        )
    return {
        key[match.end() if (match := _WRAPPED.match(key)) else 0 :]: value
        for key, value in content.items()
    }


def field(config: Mapping[str, Any], name: str, file: Path) -> Any:
    """A field that a configuration must have.

    Raises:
        UserError: it is missing.
    """
    if name not in config:
        raise UserError(f"has no field {name!r}", at=file)
    return config[name]


def several(folder: Path, files: Sequence[Path]) -> UserError:
    """The error for a folder with more than one model; it names up to six of them."""
    names = ", ".join(sorted(file.name for file in files)[:6])
    return UserError(f"it has several models; give one of them: {names}", at=folder)


@contextmanager
def errors_naming(file: Path) -> Iterator[None]:
    """Prefix errors about values with the file that they were read from.

    Raises:
        UserError: the error raised inside, with the file's name once.
    """
    try:
        yield
    except UserError as error:
        if error.at == str(file):
            raise
        raise UserError(str(error), at=file) from None
