"""What every embedding is: a clip in, a vector out."""

from abc import ABC, abstractmethod

from torch import Tensor, nn


class Embedding(nn.Module, ABC):
    """Base of the embeddings in which sets of clips are compared (`wavegan.set_metrics`).

    The same clip always gives the same vector, whatever else is in the batch: use it in `eval()`
    and without gradient. Clips that are compared should be equally long.

    Attributes:
        sample_rate: of the audio it takes, Hz.
    """

    sample_rate: int

    @abstractmethod
    def forward(self, audio: Tensor) -> Tensor:
        """Describe `(B, C, T)` in [-1, 1] at `sample_rate` Hz: `(B, D)`."""
