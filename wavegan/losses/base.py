"""Base class of reconstruction losses: a scalar from two waveforms."""

from abc import ABC, abstractmethod

from torch import Tensor, nn


class Loss(nn.Module, ABC):
    """Base class of losses that compare an estimate with its reference.

    A loss is a mean over the batch, never a ratio of sums over it, so the average over processes
    equals one process with the whole batch. It computes in float32 under autocast.
    """

    @abstractmethod
    def forward(self, estimate: Tensor, reference: Tensor) -> Tensor:
        """Compare `(B, C, T)` with `(B, C, T)`; a scalar, 0 if they are equal."""
