"""The fastest convolutions of this machine, to compare networks with."""

import time
from collections.abc import Iterator
from typing import NamedTuple

import torch
from torch import Tensor
from torch.nn.functional import conv2d

from wavegan.bench.job import synchronized

SHAPES = ((64, 3, 8192), (128, 3, 4096), (256, 3, 2048), (256, 7, 2048), (512, 3, 1024))
"""Channels, kernel and length, as in vocoders."""
BATCH_ON_A_GPU = 64
EACH = 0.02
"""Seconds for each shape in one round."""


class Peak(NamedTuple):
    """The fastest convolution.

    Attributes:
        gflops: 10^9 operations per second; a multiplication and an addition are two.
        channels: its channels.
        kernel: its width.
    """

    gflops: float
    channels: int
    kernel: int


class Convolutions:
    """Convolutions of several widths in one type, with channels in the last place in memory.

    `conv2d` with the layout `channels_last` uses the best code that torch has for convolutions;
    the height of the images is 1.

    Args:
        dtype: the type.
        device: where to compute.
    """

    def __init__(self, dtype: torch.dtype, device: torch.device) -> None:
        self.device = device
        batch = BATCH_ON_A_GPU if device.type == "cuda" else 1
        self._batch = batch
        random = torch.Generator().manual_seed(0)

        def made(*shape: int) -> Tensor:
            values = torch.randn(shape, generator=random).to(device, dtype)
            return values.to(memory_format=torch.channels_last)

        self._inputs = [(made(batch, c, 1, n), made(c, c, 1, k), k) for c, k, n in SHAPES]
        self.best = Peak(0.0, 0, 0)

    @torch.no_grad()
    def measure(self, seconds: float = EACH) -> Peak:
        """Run each width for some time; returns the fastest so far."""
        for (channels, kernel, length), inputs in zip(SHAPES, self._inputs, strict=True):
            amount = 2e-9 * self._batch * channels * channels * kernel * length
            for took in self._runs(inputs, seconds):
                self.best = max(self.best, Peak(amount / took, channels, kernel))
        return self.best

    def _runs(self, inputs: tuple[Tensor, Tensor, int], seconds: float) -> Iterator[float]:
        """Seconds of each run, after one that is not timed."""
        x, weight, kernel = inputs
        conv2d(x, weight, padding=(0, kernel // 2))
        synchronized(self.device)
        end = time.perf_counter() + seconds
        while True:
            start = time.perf_counter()
            conv2d(x, weight, padding=(0, kernel // 2))
            synchronized(self.device)
            yield time.perf_counter() - start
            if time.perf_counter() > end:
                return
