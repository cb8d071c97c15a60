"""Learning rate schedules as pure functions of the step: no state to save."""

import math

from torch.optim import Optimizer

from wavegan.recipe_sections import Schedule


def factor(schedule: Schedule, step: int, steps: int) -> float:
    """The factor of the base learning rate.

    Args:
        schedule: the recipe's schedule.
        step: 0 at the network's first step.
        steps: total number of the network's steps; a cosine ends there.
    """
    warm = min(1.0, (step + 1) / (schedule.warmup + 1))
    if schedule.name == "exponential":
        return warm * float(schedule.gamma ** (step / schedule.every))
    if schedule.name == "step":
        return warm * max(float(schedule.gamma ** (step // schedule.every)), schedule.final)
    if schedule.name == "cosine":
        progress = min(1.0, max(0, step - schedule.warmup) / max(1, steps - schedule.warmup))
        cosine = 0.5 * (1 + math.cos(math.pi * progress))
        return warm * (schedule.final + (1 - schedule.final) * cosine)
    return warm


def set_rate(optimizer: Optimizer, rate: float) -> None:
    """Give every parameter group of an optimizer the same learning rate."""
    for group in optimizer.param_groups:
        group["lr"] = rate
