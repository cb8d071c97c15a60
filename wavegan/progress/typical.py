"""Typical values of a recipe at a step, from the curves of earlier runs in `curves/`.

A curve has the validations of one run of a recipe; it names its data and its machine.
"""

import json
import math
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from wavegan import aliases
from wavegan.progress.history import History

CURVES = Path(__file__).parent / "curves"
SECTIONS = ("task", "mel", "generator", "discriminators", "objective", "penalties", "losses")
"""The sections that, with the fields below, identify a recipe whatever its name."""
FIELDS = {
    "audio": ("sample_rate", "channels"),
    "data": ("segment",),
    "training": ("batch_size", "optimizer", "n_critic", "adversarial_from"),
}


@dataclass(frozen=True)
class Typical:
    """The value of a stored curve at a step.

    Attributes:
        recipe: name of the recipe.
        value: value at the step, interpolated in the logarithms of step and value.
        at: step of the value: the run's own, or the last one of the curve if that is less.
        steps: total number of steps of the stored run.
        same_data: whether it was trained on the same files.
        data: name of its training data.
    """

    recipe: str
    value: float
    at: int
    steps: int
    same_data: bool
    data: str


def typical(history: History, metric: str, step: int) -> Typical | None:
    """The typical value at a step; None if there is no curve of this recipe, or none so early."""
    found = curve(history, metric)
    if found is None or started_from_a_model(history):
        return None
    steps, values = (np.array(column, dtype=float) for column in zip(*found["points"], strict=True))
    if step < steps[0]:
        return None
    value = math.exp(float(np.interp(math.log(step), np.log(steps), np.log(values))))
    own = [start["data"].get("fingerprint") for start in history.starts if _has_data(start)]
    theirs = found["data"]
    return Typical(
        recipe=found["recipe"],
        value=value,
        at=min(step, int(steps[-1])),
        steps=int(found["steps"]),
        same_data=bool(own) and own[-1] == theirs["fingerprint"],
        data=theirs["name"],
    )


def curve(history: History, metric: str) -> Mapping[str, Any] | None:
    """The stored curve of this run's recipe, of several the one nearest in number of steps."""
    own = identity(history.recipe)
    found = [c for c in curves() if c["metric"] == metric and _agrees(c["identity"], own)]
    found.sort(key=lambda c: abs(math.log(c["steps"] / history.total)))
    return found[0] if found else None


def curves() -> list[Mapping[str, Any]]:
    """All curves of the package."""
    files = sorted(CURVES.glob("*.json"))
    return [json.loads(file.read_text(encoding="utf-8")) for file in files]


def identity(recipe: Mapping[str, Any]) -> dict[str, Any]:
    """The fields of a resolved recipe that its validations depend on most.

    Its name and description, the location of the data and the number of steps are left out.
    """
    recipe = _with_rate(aliases.fields(recipe))
    found: dict[str, Any] = {name: recipe.get(name) for name in (*SECTIONS, "feature_matching")}
    for section, names in FIELDS.items():
        values = recipe.get(section)
        values = values if isinstance(values, dict) else {}
        found[section] = {name: values[name] for name in names if name in values}
    plain: dict[str, Any] = json.loads(json.dumps(found, default=str))
    return plain


def started_from_a_model(history: History) -> bool:
    """Whether it started from another model's weights; then no curve applies."""
    training = history.recipe.get("training")
    return isinstance(training, dict) and training.get("init_from") is not None


def _agrees(stored: Mapping[str, Any], own: Mapping[str, Any]) -> bool:
    """Whether two identities are equal; fields of `FIELDS` that an older run lacks are ignored.

    A mel that no network uses is ignored, too, as older recipes always had one.
    """
    compared = {name for name in stored if name not in FIELDS}
    if stored["mel"] is None:
        compared.discard("mel")
    if any(stored[name] != own[name] for name in compared):
        return False
    kept = ((stored[name], own[name]) for name in FIELDS)
    return all(theirs[key] == ours.get(key, theirs[key]) for theirs, ours in kept for key in theirs)


def _with_rate(recipe: Mapping[str, Any]) -> dict[str, Any]:
    """The recipe with its sample rate in `audio`, even if only its mel has it."""
    mel, audio = recipe.get("mel"), recipe.get("audio") or {}
    if not isinstance(mel, dict) or not isinstance(audio, dict) or audio.get("sample_rate"):
        return dict(recipe)
    rate = mel.get("output_rate") or mel.get("sample_rate")
    return {**recipe, "audio": {"sample_rate": rate, **{k: v for k, v in audio.items() if v}}}


def _has_data(start: Mapping[str, Any]) -> bool:
    return isinstance(start.get("data"), dict)
