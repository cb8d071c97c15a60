"""Figures for the page: of previews beside their originals, and of folders."""

import json
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import torch

from wavegan.audio import io
from wavegan.errors import RunError, UserError
from wavegan.evaluation.compare import compare
from wavegan.metrics.base import Metric
from wavegan.metrics.log_mel_l1 import LogMelL1
from wavegan.metrics.mrstft import MRSTFT
from wavegan.reports.clips import Column, Gallery
from wavegan.reports.evaluation_file import mistake
from wavegan.statistics.bootstrap import mean_interval

Note = Callable[[str], None]


def previews(gallery: Gallery, note: Note) -> dict[str, Any] | None:
    """Each column's pairs with the originals, as an evaluation's JSON; None without a pair."""
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
    """What `wavegan evaluate` says of folders, by its usual metrics; None where it cannot."""

    def told(done: int, of: int) -> None:
        progress(f"measuring clips: {done} of {of} (--no-metrics leaves this out)")

    try:
        return compare(reference, dict(systems), note=note, progress=told).to_dict()
    except UserError as error:
        note(f"not measured: {error}")
        return None


def read(file: Path) -> dict[str, Any]:
    """What `wavegan evaluate --json` wrote.

    Raises:
        UserError: no such file, or something else in it.
    """
    try:
        content = json.loads(file.read_text(encoding="utf-8"))
    except OSError as error:
        raise UserError(f"{file}: {error.strerror or error}") from None
    except (ValueError, RecursionError):
        raise UserError(f"{file}: no JSON: give what wavegan evaluate --json wrote") from None
    if not isinstance(content, dict) or not ("systems" in content or "metrics" in content):
        raise UserError(f"{file}: not what wavegan evaluate --json writes: it has no systems")
    if (wrong := mistake(content)) is not None:
        raise UserError(f"{file}: not what wavegan evaluate --json writes: {wrong}")
    return content


def _pair(column: Column, name: str, gallery: Gallery) -> tuple[torch.Tensor, torch.Tensor, int]:
    original, rate = io.read(gallery.originals[name])
    made, _ = io.read(column.files[name], sample_rate=rate)
    return torch.from_numpy(made), torch.from_numpy(original), rate
