"""JSON from files that anybody may have written: parsed once into typed objects, or refused.

What is behind this door has the types and ranges that its class says; what is not JSON, too large,
nested without end or of another shape becomes one line that names the file and the field.
"""

import json
from pathlib import Path
from typing import Annotated, Any, TypeVar

from pydantic import AfterValidator, BaseModel, ValidationError

from wavegan.errors import UserError
from wavegan.typed import reason

LONGEST = 1 << 24
"""Bytes of a file, unless its reader says otherwise."""


def _short(name: str) -> str:
    if len(name) > LONGEST_NAME:
        raise ValueError(f"a name of more than {LONGEST_NAME:,} characters")
    return name


LONGEST_NAME = 1 << 14
Name = Annotated[str, AfterValidator(_short)]
"""A path or a label; it may stand for bytes that are not UTF-8, which pydantic's own limits on
lengths refuse."""

Model = TypeVar("Model", bound=BaseModel)


def read(file: Path, model: type[Model], longest: int = LONGEST) -> Model:
    """Read a file.

    Args:
        file: UTF-8; what is not becomes `\N{REPLACEMENT CHARACTER}`, for the checks to judge.
        model: what it is to hold.
        longest: bytes that it may have at most.

    Raises:
        FileNotFoundError: it is not there.
        UserError: it cannot be opened, or holds something else; the message names file and field.
    """
    return check(load(file, longest), model, file)


def load(file: Path, longest: int = LONGEST) -> Any:
    """What a file holds, unchecked; see `read`.

    Raises:
        FileNotFoundError: it is not there.
        UserError: it cannot be opened, is too large, or no JSON.
    """
    if not file.exists():
        raise FileNotFoundError(file)
    if not file.is_file():  # a pipe would wait for ever
        raise UserError("not a file", at=file)
    try:
        with file.open("rb") as stream:
            content = stream.read(longest + 1)
    except OSError as error:
        raise UserError(f"{error.strerror or error}", at=file) from None
    if len(content) > longest:
        raise UserError(f"more than {longest:,} bytes, which no file of its kind has", at=file)
    return parse(content.decode("utf-8", errors="replace"), file)


def parse(text: str, source: Path | str) -> Any:
    """What a JSON text holds.

    Raises:
        UserError: it is no JSON, or nested without end; `source` is named.
    """
    try:
        return json.loads(text)
    except (ValueError, RecursionError) as error:
        said = "too deep" if isinstance(error, RecursionError) else " ".join(str(error).split())
        raise UserError(f"not JSON ({said[:120]})", at=source) from None


def check(values: Any, model: type[Model], source: Path | str) -> Model:
    """Parsed JSON as a typed object.

    Raises:
        UserError: names the source, the field, and what was found there.
    """
    try:
        return model.model_validate(values)
    except ValidationError as error:
        first = error.errors(include_url=False)[0]
        field = ".".join(str(part)[:60] for part in first["loc"])
        where = f"{field}: " if field else ""
        if first["type"] == "missing":
            raise UserError(f"{where}it is missing", at=source) from None
        if first["type"] == "extra_forbidden":
            raise UserError(f"unknown field {field!r}", at=source) from None
        raise UserError(
            f"{where}{reason(first)} (got {shown(first['input'])})", at=source
        ) from None
    except RecursionError:
        raise UserError("nested too deep", at=source) from None


def shown(value: Any) -> str:
    """A value for a message: short, and on one line whatever is in it."""
    if isinstance(value, int) and not isinstance(value, bool) and abs(value) > 10**30:
        return "a number of more than 30 digits"
    if isinstance(value, dict | list):
        return "an object" if isinstance(value, dict) else "a list"
    if not isinstance(value, str | bytes | int | float | None):
        return f"a {type(value).__name__}"  # its text may be any size, and take any time
    text = repr(value)
    return text if len(text) <= 60 else f"{text[:57]}…"
