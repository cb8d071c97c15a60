"""Find the alarms of a validation by its figures."""

import math
from collections.abc import Mapping, Sequence
from typing import Any

from wavegan.progress.alarm import Alarm
from wavegan.progress.thresholds import (
    COLLAPSED,
    IMPROVES,
    LIVELY,
    MEMORIZATION_GAP,
    PATIENCE,
    WINS,
)

Values = Mapping[str, Any]
RIGHT = ("accuracy_real", "accuracy_fake")


def of(step: int, values: Values, past: Sequence[Values]) -> list[Alarm]:
    """The alarms that this validation raises.

    Args:
        step: step of the validation.
        values: its figures (see `validation.generation.Generation`); missing figures and NaN raise
            no alarm.
        past: figures of earlier validations, oldest first.
    """
    found = (
        _collapse(step, values, past),
        _overpowering(step, values, past),
        _memorized(step, values),
    )
    return [alarm for alarm in found if alarm is not None]


def _collapse(step: int, values: Values, past: Sequence[Values]) -> Alarm | None:
    was_lively = any(earlier.get("diversity", math.nan) >= LIVELY for earlier in past)
    alike = values.get("diversity", math.nan) < COLLAPSED
    if not alike or not (was_lively or len(past) >= PATIENCE):
        return None
    seen = {"diversity": values["diversity"]}
    return Alarm("collapse", "generator", "restart", step, seen, "validation")


def _overpowering(step: int, values: Values, past: Sequence[Values]) -> Alarm | None:
    recent = [*past[-PATIENCE:], values]
    sure = all(line.get(name, math.nan) >= WINS for line in recent for name in RIGHT)
    now = values.get("frechet", math.nan)
    stalls = any(now >= IMPROVES * earlier.get("frechet", math.nan) for earlier in past)
    if len(recent) <= PATIENCE or not sure or not stalls:
        return None
    seen = {name: values[name] for name in (*RIGHT, "frechet")}
    return Alarm("overpowering", "discriminator", "lower_rate", step, seen, "validation")


def _memorized(step: int, values: Values) -> Alarm | None:
    names = (*RIGHT, "accuracy_held_out")
    if any(name not in values for name in names):
        return None
    gap = values["accuracy_real"] - values["accuracy_held_out"]
    if not (gap >= MEMORIZATION_GAP and values["accuracy_fake"] >= 1 - MEMORIZATION_GAP):
        return None
    seen = {name: values[name] for name in names}
    return Alarm("memorized", "discriminator", "more_data", step, seen, "validation")
