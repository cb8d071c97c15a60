"""The progress of a run, which checkpoints keep next to the weights."""

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
    """The progress of a run.

    Attributes:
        step: steps done; also the sampler's position, because every crop is a function of it.
        best_step: the step with the lowest value of validation's main metric so far, or None.
        best_value: that value.
        data: fingerprint of the training files.
        world: number of processes.
        augment: state of the adaptive augmentation.
        skipped: number of steps skipped because something was not finite.
        streaks: number of skipped turns in a row up to now, by network.
        returns: number of returns to a checkpoint.
        rate: factor of both learning rates since then.
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
