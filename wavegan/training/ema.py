"""Exponential moving average (EMA) of the generator, for inference; training uses the raw one."""

from collections.abc import Sequence

import torch
from torch import Tensor, nn
from torch.optim.swa_utils import AveragedModel


class EMA(AveragedModel):
    """Exponential moving average of a generator's parameters; buffers are copied.

    At the n-th update the decay is `min(decay, (1 + n) / (10 + n))`, so that random initial weights
    do not dominate the average of a short run (as in TensorFlow's ExponentialMovingAverage).

    Args:
        generator: the network to average.
        decay: the decay after the warm-up, in (0, 1).
    """

    def __init__(self, generator: nn.Module, decay: float) -> None:
        @torch.no_grad()
        def average(
            averaged: Sequence[Tensor], current: Sequence[Tensor], updates: Tensor | int
        ) -> None:
            warmed = min(decay, (1 + int(updates)) / (10 + int(updates)))
            torch._foreach_lerp_(list(averaged), list(current), 1 - warmed)

        super().__init__(generator, multi_avg_fn=average)
        self.requires_grad_(False)
        self.eval()
