"""A classifier as files: `config.json` and `model.safetensors`, read without running code."""

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from safetensors import SafetensorError
from safetensors.torch import load
from torch import Tensor

from wavegan import atomic, bounded_text
from wavegan.errors import UserError

CONFIG, WEIGHTS = "config.json", "model.safetensors"
LONGEST = 1 << 22
"""Bytes of a `config.json`; a thousand labels take some ten thousand."""
FORMAT = "wavegan-classifier"
FIELDS = {"sample_rate": int, "labels": list, "samples": int, "width": int, "dim": int}


def write(folder: Path, options: Mapping[str, Any], weights: Mapping[str, Tensor]) -> None:
    """Write both files into a folder that is there."""
    # in ASCII, as labels may be names of folders that are not UTF-8
    text = json.dumps({"format": FORMAT, **options}, indent=2)
    (folder / CONFIG).write_text(text + "\n", encoding="utf-8")
    plain = {key: value.detach().cpu().contiguous() for key, value in weights.items()}
    atomic.tensors(folder / WEIGHTS, plain)


def read(folder: Path) -> tuple[dict[str, Any], dict[str, Tensor]]:
    """The options and weights of a classifier.

    Raises:
        UserError: names the file, what is wrong with it, and how to get a right one.
    """
    for name in (CONFIG, WEIGHTS):
        if not (folder / name).is_file():
            raise UserError(
                f"{folder}: no judge here ({name} is missing); "
                "make one with: wavegan judge train FOLDER --out JUDGE"
            )
    try:
        # not load_file, which takes names in UTF-8 alone
        return _options(folder / CONFIG), load((folder / WEIGHTS).read_bytes())
    except SafetensorError as error:
        raise UserError(f"{folder / WEIGHTS}: damaged or not safetensors ({error})") from None
    except OSError as error:
        raise UserError(f"{error.filename or folder}: {error.strerror or error}") from None


def _options(file: Path) -> dict[str, Any]:
    try:
        content = json.loads(bounded_text.read(file, LONGEST, "replace"))
    except (ValueError, RecursionError) as error:
        raise UserError(f"{file}: not JSON ({error})") from None
    if not isinstance(content, dict) or content.pop("format", None) != FORMAT:
        raise UserError(
            f"{file}: not a judge's; make one with: wavegan judge train FOLDER --out JUDGE"
        )
    for name, kind in FIELDS.items():
        if not isinstance(content.get(name), kind):
            raise UserError(f"{file}: {name} is missing or no {kind.__name__}")
    if not all(isinstance(label, str) for label in content["labels"]):
        raise UserError(f"{file}: labels must be names")
    if unknown := content.keys() - FIELDS.keys():
        raise UserError(f"{file}: unknown field {min(unknown)!r}")
    return content
