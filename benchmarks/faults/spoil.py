"""A loss and a penalty that break in a way, for `not_finite`; a recipe names them as its own code.

They break for a batch with a clip that lies above zero, as no recording does, or, of the ways that
befall a run and not a clip, after some turns: once, or from then on.
"""

import os
from collections.abc import Iterator
from typing import Any

import torch
from torch import Tensor

from wavegan.losses.base import Loss as BaseLoss
from wavegan.penalties import AnyDiscriminator
from wavegan.penalties import Penalty as BasePenalty

TURNS = 20
"""Training turns until what befalls a run does; it is then in each validation's weights."""


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
    """How it breaks: `value`, `slope`, `weight` or `always`, and with which number."""

    def __init__(self, way: str, number: str) -> None:
        self.way, self.number, self.turns = way, float(number), 0

    def __call__(self, source: Tensor, real: Tensor, weight: Tensor | None) -> Tensor:
        """Zero where all is well."""
        self.turns += weight is not None
        if self.way == "weight" and self.turns == TURNS and weight is not None and _is_last():
            weight.data.view(-1)[0] = self.number
            self.turns += 1
        if self.way == "always" and self.turns > TURNS:
            return source.sum() * 0 + self.number
        marked = bool((real.mean(-1) > 0.2).any())
        if marked and self.way == "value":
            return source.sum() * 0 + self.number
        return _Slope.apply(source, self.number if marked and self.way == "slope" else 0.0)


class Loss(BaseLoss):
    """Breaks G's turn."""

    def __init__(self, way: str, number: str = "nan") -> None:
        super().__init__()
        self.breaks = _Way(way, number)

    def forward(self, estimate: Tensor, reference: Tensor) -> Tensor:
        """Zero, or what breaks."""
        weight = next(_weights(estimate), None) if estimate.requires_grad else None
        return self.breaks(estimate, reference, weight)


class Penalty(BasePenalty):
    """Breaks D's turn."""

    def __init__(self, way: str, number: str = "nan") -> None:
        self.breaks = _Way(way, number)

    def __call__(self, discriminator: AnyDiscriminator, real: Tensor, fake: Tensor) -> Tensor:
        """Zero, or what breaks."""
        logits = discriminator(real)[0].logits
        weight = next(_weights(logits), None) if logits.requires_grad else None
        return self.breaks(logits, real, weight)


def _weights(value: Tensor) -> Iterator[Tensor]:
    """The weights that a value comes from."""
    known, waiting = set(), [value.grad_fn]
    while waiting:
        node = waiting.pop()
        if node is None or node in known:
            continue
        known.add(node)
        if hasattr(node, "variable"):
            yield node.variable
        waiting += [above for above, _ in node.next_functions]


def _is_last() -> bool:
    """Whether this is the last of the run's processes: one is enough."""
    return int(os.environ.get("RANK", "0")) == int(os.environ.get("WORLD_SIZE", "1")) - 1
