"""What every generator is: a network that ends in a waveform."""

from abc import ABC, abstractmethod

from torch import Tensor, nn


class Generator(nn.Module, ABC):
    """Base of all generators.

    A vocoder's generator takes a log-mel spectrogram `(B, n_mels, L)` and returns audio
    `(B, C, T)` in about [-1, 1], where `T == self.output_length(L)`. One that also takes noise has
    a second parameter, `noise: Tensor | None = None`, draws it from torch's global generator where
    none is given, and says its shape in `noise_shape`.

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

    def noise_shape(self, frames: int) -> tuple[int, int] | None:
        """Shape of one item's standard normal noise `(channels, length)`, or None: it takes none.

        Args:
            frames: L of the mel spectrogram.
        """
        return None
