"""A classifier as files: `config.json` and `model.safetensors`, read without running code."""

import json
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from pydantic import BaseModel, ConfigDict, Field
from safetensors import SafetensorError
from safetensors.torch import load
from torch import Tensor

from wavegan import atomic, checksums, json_file
from wavegan.errors import UserError

CONFIG, WEIGHTS = "config.json", "model.safetensors"
FORMAT = "wavegan-classifier"


class _Options(BaseModel):
    """A classifier's options; the ranges are beyond what anybody trains, and open in no time."""

    model_config = ConfigDict(strict=True, extra="forbid")

    sample_rate: int = Field(ge=1000, le=1_000_000)
    labels: list[json_file.Name] = Field(max_length=100_000)
    samples: int = Field(ge=1, le=10**8)
    width: int = Field(ge=1, le=512)
    dim: int = Field(ge=1, le=8192)


def write(folder: Path, options: Mapping[str, Any], weights: Mapping[str, Tensor]) -> None:
    """Write both files into a folder that is there."""
    # in ASCII, as labels may be names of folders that are not UTF-8
    text = json.dumps({"format": FORMAT, **options}, indent=2)
    (folder / CONFIG).write_text(text + "\n", encoding="utf-8")
    plain = {key: value.detach().cpu().contiguous() for key, value in weights.items()}
    atomic.tensors(folder / WEIGHTS, plain)
    checksums.write(folder)


@contextmanager
def opened(folder: Path) -> Iterator[tuple[dict[str, Any], dict[str, Tensor]]]:
    """The options and weights of a classifier, compared with what was written while it is built.

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
        with checksums.meanwhile(folder, (CONFIG, WEIGHTS)):
            # not load_file, which takes names in UTF-8 alone
            yield _options(folder / CONFIG), load((folder / WEIGHTS).read_bytes())
    except SafetensorError as error:
        raise UserError(f"{folder / WEIGHTS}: damaged or not safetensors ({error})") from None
    except OSError as error:
        raise UserError(f"{error.filename or folder}: {error.strerror or error}") from None


def _options(file: Path) -> dict[str, Any]:
    content = json_file.load(file)
    if not isinstance(content, dict) or content.pop("format", None) != FORMAT:
        raise UserError(
            f"{file}: not a judge's file; make one with: wavegan judge train FOLDER --out JUDGE"
        )
    return json_file.check(content, _Options, file).model_dump()
