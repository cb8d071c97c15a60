"""What every generator is: a network that ends in a waveform."""

from abc import ABC, abstractmethod

from torch import Tensor, nn


class Generator(nn.Module, ABC):
    """Base of all generators.

    A vocoder's generator takes a log-mel spectrogram `(B, n_mels, L)` and returns audio
    `(B, C, T)` in about [-1, 1], where `T == self.output_length(L)`.

    Attributes:
        hop_length: audio samples per input frame.
    """

    hop_length: int

    @abstractmethod
    def forward(self, mel: Tensor) -> Tensor:
        """Turn `(B, n_mels, L)` into `(B, C, T)`."""

    def output_length(self, frames: int) -> int:
        """Number of audio samples made from `frames` input frames."""
        return frames * self.hop_length
