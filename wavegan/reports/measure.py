"""Metrics for the page: measure previews and folders, and read evaluation files."""

from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Annotated, Any

import torch
from pydantic import BaseModel, ConfigDict, Field

from wavegan import json_file
from wavegan.audio import io
from wavegan.errors import RunError, UserError
from wavegan.evaluation.compare import compare
from wavegan.metrics.base import Metric
from wavegan.metrics.log_mel_l1 import LogMelL1
from wavegan.metrics.mrstft import MRSTFT
from wavegan.reports.clips import Column, Gallery
from wavegan.statistics.bootstrap import mean_interval

Note = Callable[[str], None]
LONGEST = 1 << 28
"""Bytes of an evaluation file: thousands of clips times dozens of metrics."""
Number = Annotated[float, Field(allow_inf_nan=False, ge=-1e39, le=1e39)] | None


class _Figure(BaseModel):
    model_config = ConfigDict(extra="allow")

    mean: Number
    ci95: tuple[Number, Number] | None = None
    n: int = Field(default=0, ge=0, le=10**12)
    deviation: Number = None


class _System(BaseModel):
    name: str = "system"
    metrics: dict[str, _Figure] | None = None


class _Difference(BaseModel):
    ci95: tuple[Number, Number] | None = None
    mean_difference: Number = None
    p_holm: Number = None
    verdict: str = ""


class _Comparison(BaseModel):
    system: str = ""
    against: str = ""
    metrics: dict[str, _Difference] = {}


class _LeftOut(BaseModel):
    system: str = ""
    file: str = ""
    reason: str = ""


class _Evaluation(BaseModel):
    """The fields of an evaluation that a page shows."""

    systems: list[_System] = []
    metrics: dict[str, _Figure] | None = None
    floors: dict[str, _System] | None = None
    comparisons: list[_Comparison] | None = None
    settings: dict[str, Any] | None = None
    left_out: list[_LeftOut] | None = None


def previews(gallery: Gallery, note: Note) -> dict[str, Any] | None:
    """Compare each column with the originals, as an evaluation's JSON; None without a pair."""
    metrics: dict[str, Metric] = {"log_mel_l1": LogMelL1(), "mrstft": MRSTFT()}
    systems, left_out = [], []
    for column in gallery.columns:
        values: dict[str, list[float]] = {key: [] for key in metrics}
        for name in sorted(column.files.keys() & gallery.originals.keys()):
            try:
                pair = _pair(column, name, gallery)
                measured = {key: metric(*pair) for key, metric in metrics.items()}
            except (UserError, RunError) as error:
                note(f"not measured: {column.files[name]}: {error}")
                entry = {"system": column.name, "file": name, "reason": str(error)}
                left_out.append(entry)
                continue
            for key, value in measured.items():
                values[key].append(value)
        if any(values.values()):
            intervals = {key: mean_interval(known).to_dict() for key, known in values.items()}
            systems.append({"name": column.name, "metrics": intervals})
    return {"systems": systems, "left_out": left_out} if systems else None


def folders(
    reference: Path, systems: Mapping[str, Path], note: Note, progress: Note
) -> dict[str, Any] | None:
    """Evaluate folders with the default metrics of `wavegan evaluate`; None if that fails."""

    def report(done: int, of: int) -> None:
        progress(f"measuring clips: {done} of {of} (--no-metrics skips this)")

    try:
        return compare(reference, dict(systems), note=note, progress=report).to_dict()
    except UserError as error:
        note(f"not measured: {error}")
        return None


def read(file: Path) -> dict[str, Any]:
    """Read the output of `wavegan evaluate --json` and check all types.

    Raises:
        UserError: the file is missing or has other content; names the file and the field.
    """
    try:
        content = json_file.load(file, LONGEST)
    except FileNotFoundError:
        raise UserError(f"{file}: No such file or directory") from None
    if not isinstance(content, dict) or not ("systems" in content or "metrics" in content):
        raise UserError(f"{file}: not an output of wavegan evaluate --json: it has no systems")
    return json_file.check(content, _Evaluation, file).model_dump(exclude_unset=True)


def _pair(column: Column, name: str, gallery: Gallery) -> tuple[torch.Tensor, torch.Tensor, int]:
    original, rate = io.read(gallery.originals[name])
    made, _ = io.read(column.files[name], sample_rate=rate)
    return torch.from_numpy(made), torch.from_numpy(original), rate
