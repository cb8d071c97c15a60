"""A loss and a penalty that break, for `not_finite`; recipes name them as their own code.

They break for a batch with a clip of positive mean, which no recording has. The ways `weight` and
`always` break after some steps instead: a weight once, every loss from then on.
"""

import os
from typing import Any

import torch
from torch import Tensor
from torch.optim import Optimizer
from torch.optim.optimizer import register_optimizer_step_post_hook

from wavegan.losses.base import Loss as BaseLoss
from wavegan.penalties import AnyDiscriminator
from wavegan.penalties import Penalty as BasePenalty

STEPS = 18
"""Steps until `weight` and `always` break, some before a checkpoint."""
MARKED = 0.2
"""A mean of samples that no recording has."""
NETWORKS = ("discriminator", "generator")
"""In the order of their turns."""


class _Slope(torch.autograd.Function):
    """Zero, with a slope of any value."""

    @staticmethod
    def forward(ctx: Any, source: Tensor, slope: float) -> Tensor:
        ctx.shape, ctx.slope = source.shape, slope
        return source.new_zeros(())

    @staticmethod
    def backward(ctx: Any, *gradients: Tensor) -> tuple[Tensor, None]:
        return gradients[0].new_full(ctx.shape, ctx.slope), None


class _Way:
    """How it breaks (`value`, `slope`, `weight`, `always`), in which network, with which number."""

    def __init__(self, way: str, number: str, network: str) -> None:
        self.way, self.number, self.network = way, float(number), network
        self.steps: dict[int, int] = {}
        register_optimizer_step_post_hook(self.after)

    def after(self, optimizer: Optimizer, _args: Any, _kwargs: Any) -> None:
        """Count the steps of each network, and set one of its weights when due."""
        done = self.steps[id(optimizer)] = self.steps.get(id(optimizer), 0) + 1
        whose = NETWORKS[list(self.steps).index(id(optimizer))]
        if self.way == "weight" and whose == self.network and done == STEPS and _is_last():
            optimizer.param_groups[0]["params"][0].data.view(-1)[0] = self.number

    def __call__(self, source: Tensor, real: Tensor) -> Tensor:
        """Zero unless it breaks."""
        marked = bool((real.mean(-1) > MARKED).any())
        always = self.way == "always" and max(self.steps.values(), default=0) >= STEPS
        if always or (marked and self.way == "value"):
            return source.sum() * 0 + self.number
        slope: Tensor = _Slope.apply(source, self.number if marked and self.way == "slope" else 0.0)
        return slope


class Loss(BaseLoss):
    """Breaks G's turn."""

    def __init__(self, way: str, number: str = "nan") -> None:
        super().__init__()
        self.breaks = _Way(way, number, "generator")

    def forward(self, estimate: Tensor, reference: Tensor) -> Tensor:
        """Zero, or a value or slope that breaks."""
        return self.breaks(estimate, reference)


class Penalty(BasePenalty):
    """Breaks D's turn."""

    def __init__(self, way: str, number: str = "nan") -> None:
        self.breaks = _Way(way, number, "discriminator")

    def __call__(self, discriminator: AnyDiscriminator, real: Tensor, fake: Tensor) -> Tensor:
        """Zero, or a value or slope that breaks."""
        return self.breaks(discriminator(real)[0].logits, real)


def _is_last() -> bool:
    """Whether this is the last of the run's processes: one is enough."""
    return int(os.environ.get("RANK", "0")) == int(os.environ.get("WORLD_SIZE", "1")) - 1
