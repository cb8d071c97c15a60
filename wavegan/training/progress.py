"""Where a run stands: what a checkpoint keeps of it beside its weights."""

import math
from dataclasses import field
from typing import Annotated

from pydantic import AfterValidator, ConfigDict, Field
from pydantic.dataclasses import dataclass

from wavegan.training.adaptive import Strength

MOST_STEPS = 10**15


def _not_nan(value: float) -> float:
    if math.isnan(value):
        raise ValueError("not a number")
    return value


Step = Annotated[int, Field(ge=0, le=MOST_STEPS)]


@dataclass(config=ConfigDict(extra="forbid"))
class Progress:
    """Where a run stands.

    Attributes:
        step: steps done; also the sampler's position, as every crop is a function of it.
        best_step: the step with the lowest value of validation's main metric so far, or None.
        best_value: that value.
        data: fingerprint of the training files.
        world: number of processes.
        augment: how strongly D's clips are augmented, where that is adaptive.
        skipped: steps that were left out, as something in them was not finite.
        streaks: how many turns in a row, up to now, were left out, by player.
        returns: how often training went back to a checkpoint.
        rate: what both learning rates are multiplied by since then.
    """

    step: Step = 0
    best_step: Step | None = None
    best_value: Annotated[float, AfterValidator(_not_nan)] = float("inf")
    data: Annotated[str, Field(max_length=1024)] = ""
    world: Annotated[int, Field(ge=1, le=10**6)] = 1
    augment: Strength = field(default_factory=Strength)
    skipped: Step = 0
    streaks: dict[str, Step] = field(default_factory=dict)
    returns: Annotated[int, Field(ge=0, le=10**6)] = 0
    rate: Annotated[float, Field(gt=0, le=1)] = 1.0
