"""Parse and check the lines of `metrics.jsonl`."""

import json
import math
import sys
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from wavegan import aliases, bounded_text
from wavegan.progress.thinned import Thinned

Line = Mapping[str, Any]

LONGEST = 1 << 20
"""Maximum bytes of a line."""
MOST_BYTES = 1 << 26
"""Maximum bytes in memory for the lines of one kind."""
LARGEST = 1e39
"""Beyond the range of float32, so no figure of a training run is larger."""
MOST_STEPS = 10**15


class _Data(BaseModel):
    model_config = ConfigDict(strict=True, extra="allow")

    clips: int = Field(default=0, ge=0)
    seconds: float = Field(default=0.0, ge=0, le=LARGEST)
    held_out: int = Field(default=1, ge=0)
    fingerprint: str = ""


class _Start(BaseModel):
    """A start or resume; lines of older runs lack some fields."""

    model_config = ConfigDict(strict=True, extra="allow")

    data: _Data | None = None
    parameters: dict[str, int] | None = None
    machine: dict[str, Any] | None = None
    versions: dict[str, Any] | None = None
    rate: float | None = Field(default=None, gt=0, le=1)


class _Skip(BaseModel):
    """A skipped step: the total so far, the terms that were not finite, the clips at fault."""

    model_config = ConfigDict(strict=True, extra="allow")

    total: int = Field(default=1, ge=0)
    terms: list[str] = []
    guilty: list[str] = []


class _Return(BaseModel):
    """A return to a checkpoint: its number, the new factor of the rates, and the reason."""

    model_config = ConfigDict(strict=True, extra="allow")

    number: int = Field(default=0, ge=0, le=10**6)
    rate: float = Field(default=1.0, gt=0, le=1)
    why: str = ""


class _Alarm(BaseModel):
    """An alarm of a validation; older runs have only the text."""

    model_config = ConfigDict(strict=True, extra="allow")

    text: str = ""
    name: str = ""
    network: str | None = None
    action: str = ""
    numbers: dict[str, float | None] = {}


@dataclass(frozen=True)
class Lines:
    """The content of a `metrics.jsonl`.

    Attributes:
        whole: its valid lines, by step, with NaN for values that are not finite.
        passed_over: number of damaged or unknown lines. An incomplete last line does not count, as
            the run may be writing it.
        first: number, from 1, of the first such line.
        thinned: for kinds with too many lines for memory, the n of the every n-th line kept.
    """

    whole: tuple[Line, ...]
    passed_over: int = 0
    first: int = 0
    thinned: Mapping[str, int] = field(default_factory=dict)

    @property
    def damage(self) -> str | None:
        """A message about damaged lines; None if there are none."""
        if not self.passed_over:
            return None
        where = f"line {self.first}"
        if self.passed_over > 1:
            where = f"{self.passed_over} lines, the first is {where}"
        return f"ignored damaged or unknown lines ({where})"

    @property
    def note(self) -> str | None:
        """A message about lines that are not in `whole`; None if all are."""
        notes = [self.damage] if self.damage else []
        notes += [
            f"too many lines of kind {kind} for memory: one in {stride} is used"
            for kind, stride in self.thinned.items()
        ]
        return "; ".join(notes) or None


def read(file: Path) -> Lines:
    """Read a `metrics.jsonl` in bounded memory; a missing file has no lines."""
    if not file.is_file():
        return Lines(())
    kept: dict[str, Thinned[tuple[int, Line]]] = {}
    passed_over = first = 0
    for number, text in enumerate(bounded_text.lines(file, LONGEST), 1):
        line = parse(text)
        if line is not None:
            kept.setdefault(str(line["kind"]), Thinned(MOST_BYTES)).add((number, line), len(text))
        elif text.strip() and (text.endswith(b"\n") or len(text) > LONGEST):
            passed_over += 1
            first = first or number
    # lines of one step stay in file order, as a start after a return changes the rate
    placed = sorted(
        ((line["step"], number, line) for one in kept.values() for number, line in one),
        key=lambda place: place[:2],
    )
    whole = [line for _, _, line in placed]
    strides = {kind: one.stride for kind, one in kept.items() if one.stride > 1}
    return Lines(tuple(whole), passed_over, first, strides)


def parse(text: bytes) -> Line | None:
    """Parse one line and check its types; None if it is damaged or unknown."""
    content = _known(text)
    check = None if content is None else _KINDS.get(str(content["kind"]))
    return None if content is None or check is None else check(content)


def step_of(text: bytes) -> int | None:
    """The step of a line of any kind, even one unknown to this version."""
    content = _known(text)
    return None if content is None else content["step"]


def _known(text: bytes) -> dict[str, Any] | None:
    if len(text.rstrip(b"\n")) > LONGEST:
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
        # names repeat in every line: share one string to save memory
        values[sys.intern(aliases.FIGURES.get(key, key))] = float(number) if finite else math.nan
    return {"kind": content["kind"], "step": content["step"], **values}


def _alarm(content: dict[str, Any]) -> Line | None:
    return _of(_Alarm, content)


def _skip(content: dict[str, Any]) -> Line | None:
    return _of(_Skip, content)


def _of(model: type[BaseModel], content: dict[str, Any]) -> Line | None:
    try:
        return model.model_validate(_with_current_names(content)).model_dump()
    except (ValidationError, RecursionError):
        return None


def _with_current_names(content: dict[str, Any]) -> dict[str, Any]:
    return {aliases.EVENT_FIELDS.get(key, key): value for key, value in content.items()}


def _return(content: dict[str, Any]) -> Line | None:
    return _of(_Return, content)


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
