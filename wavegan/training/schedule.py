"""Learning rates as a pure function of the step: nothing to save, nothing to step twice."""

import math

from torch.optim import Optimizer

from wavegan.recipe_sections import Schedule


def factor(schedule: Schedule, step: int, steps: int) -> float:
    """What the base learning rate is multiplied by.

    Args:
        schedule: the recipe's schedule.
        step: 0 at the player's first step.
        steps: the player's number of steps in all; a cosine ends there.
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
