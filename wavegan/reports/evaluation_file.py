"""What `wavegan evaluate --json` writes, checked where somebody's file enters a page."""

from typing import Annotated, Any

from pydantic import BaseModel, ConfigDict, Field, ValidationError

Number = Annotated[float, Field(strict=True, allow_inf_nan=False)]
MOST = 10_000
"""Entries of a list."""


class _Part(BaseModel):
    model_config = ConfigDict(extra="ignore", frozen=True)


class _Mean(_Part):
    mean: Number | None
    ci95: Annotated[list[Number | None], Field(min_length=2, max_length=2)] | None = None
    n: Annotated[int, Field(strict=True, ge=0, le=10**9)] | None = None
    deviation: Number | None = None


class _System(_Part):
    name: str
    metrics: dict[str, _Mean]


class _Floor(_Part):
    metrics: dict[str, _Mean] | None = None


class _Difference(_Part):
    mean_difference: Number | None = None
    ci95: Annotated[list[Number | None], Field(min_length=2, max_length=2)] | None = None
    p_holm: Number | None = None
    verdict: str = ""


class _Comparison(_Part):
    system: str
    against: str
    metrics: dict[str, _Difference] = {}


class _LeftOut(_Part):
    system: str = ""
    file: str = ""
    reason: str = ""


class EvaluationFile(_Part):
    """The parts that a page shows."""

    metrics: dict[str, _Mean] | None = None
    systems: Annotated[list[_System], Field(max_length=MOST)] | None = None
    floors: dict[str, _Floor] | None = None
    comparisons: Annotated[list[_Comparison], Field(max_length=MOST)] | None = None
    settings: dict[str, Any] | None = None
    left_out: list[_LeftOut] | dict[str, Any] | None = None


def mistake(content: object) -> str | None:
    """The first field that is not as it is written, and why; None where all is."""
    try:
        EvaluationFile.model_validate(content)
    except ValidationError as error:
        first = error.errors()[0]
        return f"{'.'.join(map(str, first['loc']))[:100]}: {first['msg']}"
    return None
