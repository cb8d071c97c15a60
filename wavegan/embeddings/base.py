"""Base class of embeddings: a clip in, a vector out."""

from abc import ABC, abstractmethod

from torch import Tensor, nn


class Embedding(nn.Module, ABC):
    """Base class of embeddings to compare sets of clips (`wavegan.set_metrics`).

    A clip always gives the same vector, whatever the rest of the batch: use it in `eval()` and
    without gradient. Compared clips should have equal lengths.

    Attributes:
        sample_rate: sample rate of its input, Hz.
    """

    sample_rate: int

    @abstractmethod
    def forward(self, audio: Tensor) -> Tensor:
        """Embed `(B, C, T)` in [-1, 1] at `sample_rate` Hz: `(B, D)`."""
