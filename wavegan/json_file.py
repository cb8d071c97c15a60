"""Read untrusted JSON files into typed objects.

The result has the types and ranges of its pydantic class. JSON that is invalid, too large, nested
too deeply or of another shape raises an error of one line that names the file and the field.
"""

import json
from pathlib import Path
from typing import Annotated, Any, TypeVar

from pydantic import AfterValidator, BaseModel, ValidationError

from wavegan.errors import UserError
from wavegan.typed import reason

LONGEST = 1 << 24
"""Largest file in bytes, unless the caller gives another limit."""


def _short(name: str) -> str:
    if len(name) > LONGEST_NAME:
        raise ValueError(f"a name of more than {LONGEST_NAME:,} characters")
    return name


LONGEST_NAME = 1 << 14
Name = Annotated[str, AfterValidator(_short)]
"""A path or a label. It may hold surrogate escapes of bytes that are not UTF-8, which pydantic's
own length limits refuse."""

Model = TypeVar("Model", bound=BaseModel)


def read(file: Path, model: type[Model], longest: int = LONGEST) -> Model:
    """Read a file into a typed object.

    Args:
        file: UTF-8; invalid bytes become `\N{REPLACEMENT CHARACTER}` before the checks.
        model: the pydantic class of the content.
        longest: largest size in bytes.

    Raises:
        FileNotFoundError: it does not exist.
        UserError: it cannot be opened, or does not match `model`; names file and field.
    """
    return check(load(file, longest), model, file)


def load(file: Path, longest: int = LONGEST) -> Any:
    """Read a file as plain JSON without checking its fields; see `read`.

    Raises:
        FileNotFoundError: it does not exist.
        UserError: it cannot be opened, is too large, or is not JSON.
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
    """Parse a JSON text.

    Raises:
        UserError: it is not JSON, or nested too deeply; names `source`.
    """
    try:
        return json.loads(text)
    except (ValueError, RecursionError) as error:
        deep = isinstance(error, RecursionError)
        problem = "nested too deeply" if deep else " ".join(str(error).split())
        raise UserError(f"not JSON ({problem[:120]})", at=source) from None


def check(values: Any, model: type[Model], source: Path | str) -> Model:
    """Convert parsed JSON to a typed object.

    Raises:
        UserError: a field does not fit; names the source, the field and its value.
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
        raise UserError("nested too deeply", at=source) from None


def shown(value: Any) -> str:
    """A value for a message: short, and always on one line."""
    if isinstance(value, int) and not isinstance(value, bool) and abs(value) > 10**30:
        return "a number of more than 30 digits"
    if isinstance(value, dict | list):
        return "an object" if isinstance(value, dict) else "a list"
    if not isinstance(value, str | bytes | int | float | None):
        return f"a {type(value).__name__}"  # its repr may be huge or slow
    text = repr(value)
    return text if len(text) <= 60 else f"{text[:57]}…"
