"""Read and write a classifier: `config.json` and `model.safetensors`, without running code."""

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
    """A classifier's options, in ranges that are larger than anyone trains, but open quickly."""

    model_config = ConfigDict(strict=True, extra="forbid")

    sample_rate: int = Field(ge=1000, le=1_000_000)
    labels: list[json_file.Name] = Field(max_length=100_000)
    samples: int = Field(ge=1, le=10**8)
    width: int = Field(ge=1, le=512)
    dim: int = Field(ge=1, le=8192)


def write(folder: Path, options: Mapping[str, Any], weights: Mapping[str, Tensor]) -> None:
    """Write both files into an existing folder."""
    # ASCII, as labels may be folder names that are not UTF-8
    text = json.dumps({"format": FORMAT, **options}, indent=2)
    (folder / CONFIG).write_text(text + "\n", encoding="utf-8")
    plain = {key: value.detach().cpu().contiguous() for key, value in weights.items()}
    atomic.tensors(folder / WEIGHTS, plain)
    checksums.write(folder)


@contextmanager
def opened(folder: Path) -> Iterator[tuple[dict[str, Any], dict[str, Tensor]]]:
    """The options and weights of a classifier; its checksums are verified on exit.

    Raises:
        UserError: a file is missing or damaged; the message has the file and what to do.
    """
    for name in (CONFIG, WEIGHTS):
        if not (folder / name).is_file():
            raise UserError(
                f"{folder}: not a judge, as {name} is missing; "
                "make one with: wavegan judge train FOLDER --out JUDGE"
            )
    try:
        with checksums.meanwhile(folder, (CONFIG, WEIGHTS)):
            # not load_file, which only takes UTF-8 names
            yield _options(folder / CONFIG), load((folder / WEIGHTS).read_bytes())
    except SafetensorError as error:
        raise UserError(f"{folder / WEIGHTS}: damaged, or not safetensors ({error})") from None
    except OSError as error:
        raise UserError(f"{error.filename or folder}: {error.strerror or error}") from None


def _options(file: Path) -> dict[str, Any]:
    content = json_file.load(file)
    if not isinstance(content, dict) or content.pop("format", None) != FORMAT:
        raise UserError(
            f"{file}: not a judge's file; make one with: wavegan judge train FOLDER --out JUDGE"
        )
    return json_file.check(content, _Options, file).model_dump()
