"""The lines of `metrics.jsonl`, each of a kind and with figures of the types that it has."""

import json
import math
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from pydantic import BaseModel, ConfigDict, Field, ValidationError

Line = Mapping[str, Any]

LONGEST = 1 << 20
"""Bytes of a line."""
LARGEST = 1e39
"""More than float32 can say: no figure of a training."""
MOST_STEPS = 10**15


class _Data(BaseModel):
    model_config = ConfigDict(strict=True, extra="allow")

    clips: int = Field(default=0, ge=0)
    seconds: float = Field(default=0.0, ge=0, le=LARGEST)
    held_out: int = Field(default=1, ge=0)
    fingerprint: str = ""


class _Start(BaseModel):
    """What a start is made of, where it is there: lines of older runs lack some."""

    model_config = ConfigDict(strict=True, extra="allow")

    data: _Data | None = None
    parameters: dict[str, int] | None = None
    machine: dict[str, Any] | None = None
    versions: dict[str, Any] | None = None


class _Skip(BaseModel):
    """A step that was left out: how many were by then, what was not finite, which clips gave it."""

    model_config = ConfigDict(strict=True, extra="allow")

    total: int = Field(default=1, ge=0)
    terms: list[str] = []
    guilty: list[str] = []


class _Alarm(BaseModel):
    """What a validation showed to go wrong; older runs have the text alone."""

    model_config = ConfigDict(strict=True, extra="allow")

    text: str = ""
    name: str = ""
    network: str | None = None
    action: str = ""
    numbers: dict[str, float | None] = {}


@dataclass(frozen=True)
class Lines:
    """What a `metrics.jsonl` holds.

    Attributes:
        whole: its lines, by step; NaN stands for what was not finite.
        passed_over: numbers, from 1, of the lines that are torn or something else; a last line
            without its end is not among them, as it may be being written.
    """

    whole: tuple[Line, ...]
    passed_over: tuple[int, ...] = ()

    @property
    def note(self) -> str | None:
        """What there is to say of lines that were passed over."""
        if not self.passed_over:
            return None
        count, first = len(self.passed_over), self.passed_over[0]
        where = f"line {first}" if count == 1 else f"{count} lines, the first is line {first}"
        return f"passed over what is torn or something else ({where})"


def read(file: Path) -> Lines:
    """Read a `metrics.jsonl`; no file, no lines."""
    if not file.is_file():
        return Lines(())
    texts = file.read_bytes().split(b"\n")
    ended = not texts[-1]
    found, passed_over = [], []
    for number, text in enumerate(texts, 1):
        line = parse(text)
        if line is not None:
            found.append(line)
        elif text.strip() and (ended or number < len(texts)):
            passed_over.append(number)
    return Lines(tuple(sorted(found, key=lambda line: line["step"])), tuple(passed_over))


def parse(text: bytes) -> Line | None:
    """One line with its types checked; None: it is torn, or something else."""
    content = _known(text)
    check = None if content is None else _KINDS.get(str(content["kind"]))
    return None if content is None or check is None else check(content)


def step_of(text: bytes) -> int | None:
    """The step of a line of whichever kind, also of one that this version does not know."""
    content = _known(text)
    return None if content is None else content["step"]


def _known(text: bytes) -> dict[str, Any] | None:
    if len(text) > LONGEST:
        return None
    try:
        content = json.loads(text.decode("utf-8"))
    except (ValueError, RecursionError):
        return None
    if not isinstance(content, dict) or not isinstance(content.get("kind"), str):
        return None
    step = content.get("step")
    if isinstance(step, float) and step.is_integer():
        step = content["step"] = int(step)
    whole = isinstance(step, int) and not isinstance(step, bool) and 0 <= step <= MOST_STEPS
    return content if whole else None


def _figures(content: dict[str, Any]) -> Line | None:
    """Numbers by name."""
    values = {}
    for key, value in content.items():
        if key in ("kind", "step"):
            continue
        number = math.nan if value is None else value
        if isinstance(number, bool) or not isinstance(number, int | float):
            return None
        finite = isinstance(number, int) or math.isfinite(number)
        if finite and abs(number) > LARGEST:
            return None
        values[key] = float(number) if finite else math.nan
    return {"kind": content["kind"], "step": content["step"], **values}


def _alarm(content: dict[str, Any]) -> Line | None:
    return _of(_Alarm, content)


def _skip(content: dict[str, Any]) -> Line | None:
    return _of(_Skip, content)


def _of(model: type[BaseModel], content: dict[str, Any]) -> Line | None:
    try:
        return model.model_validate(content).model_dump()
    except (ValidationError, RecursionError):
        return None


def _return(content: dict[str, Any]) -> Line | None:
    texts = {"why"}
    if not all(isinstance(content.get(name, ""), str) for name in texts):
        return None
    figures = _figures({key: value for key, value in content.items() if key not in texts})
    return None if figures is None else {**figures, "why": content.get("why", "")}


def _start(content: dict[str, Any]) -> Line | None:
    known = _of(_Start, content)
    return known and {key: value for key, value in known.items() if value is not None}


_KINDS = {
    "train": _figures,
    "validation": _figures,
    "alarm": _alarm,
    "start": _start,
    "skip": _skip,
    "return": _return,
}
