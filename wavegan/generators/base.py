"""Base classes of generators, one for each kind of input."""

from abc import ABC, abstractmethod
from collections.abc import Iterable, Sequence
from typing import Literal

import torch
from torch import Tensor, nn

from wavegan.errors import UserError


class Generator(nn.Module, ABC):
    """Base class of all generators; the output is audio `(B, C, T)` in about [-1, 1].

    The base classes below define the input; all subclasses of one have the same `forward`.
    """


class MelGenerator(Generator):
    """Base class of vocoders: a log-mel spectrogram in, its waveform out.

    Attributes:
        hop_length: audio samples per input frame.
        local: whether a sample depends only on nearby frames, so that a long mel can be decoded in
            pieces; their number is measured. False if the output depends on statistics of the
            whole mel, or on everything before.
    """

    hop_length: int
    local: bool = False

    @abstractmethod
    def forward(self, mel: Tensor, noise: Tensor | None = None) -> Tensor:
        """Make audio.

        Args:
            mel: `(B, n_mels, L)`.
            noise: `(B, *noise_shape(L))`, standard normal; None draws it from torch's global
                generator. Networks without noise input ignore it.

        Returns:
            `(B, C, output_length(L))`.
        """

    def output_length(self, frames: int) -> int:
        """Number of audio samples made from `frames` input frames."""
        return frames * self.hop_length

    def noise_shape(self, frames: int) -> tuple[int, int] | None:
        """Shape `(channels, length)` of one item's standard normal noise, or None without noise.

        Args:
            frames: L of the mel spectrogram.
        """
        return None


class WaveformGenerator(Generator):
    """Base class of audio to audio: a waveform in, another out.

    Attributes:
        local: see `MelGenerator`; counted in samples.
    """

    local: bool = False

    @abstractmethod
    def forward(self, audio: Tensor, noise: Tensor | None = None) -> Tensor:
        """Make audio.

        Args:
            audio: `(B, C, T)`.
            noise: `(B, *noise_shape(T))`, standard normal; None draws it from torch's global
                generator. Networks without noise input ignore it.

        Returns:
            `(B, C, output_length(T))`.
        """

    def output_length(self, samples: int) -> int:
        """Number of audio samples made from `samples` input samples."""
        return samples

    def noise_shape(self, samples: int) -> tuple[int, int] | None:
        """Shape `(channels, length)` of one item's standard normal noise, or None without noise.

        Args:
            samples: T of the audio.
        """
        return None


class LatentGenerator(Generator):
    """Base class of sound generators: a latent vector in, a clip out.

    The network turns the latent into a short map `(B, channels, positions)` and upsamples it to
    `segment` samples. A walk of several latents gives a longer map: each latent has a window of
    `positions` positions, and the windows overlap and cross-fade. Only convolutions follow, so
    there is no seam (`layers/walk.py`).

    Attributes:
        latent_dim: D, length of a latent.
        prior: distribution of latents: standard normal, or uniform in [-1, 1].
        segment: number of samples of one latent.
        positions: length of the map of one latent; divides `segment`.
        n_labels: K, number of labels; 0 if it takes no labels.
        circular: whether its convolutions always wrap, so that every clip is a loop.
    """

    latent_dim: int
    prior: Literal["normal", "uniform"] = "normal"
    segment: int
    positions: int
    n_labels: int = 0
    circular: bool = False

    @abstractmethod
    def forward(
        self,
        latent: Tensor,
        label: Tensor | None = None,
        *,
        noise: Sequence[Tensor] | None = None,
        truncation: float = 1.0,
        positions: int | None = None,
        loop: bool = False,
    ) -> Tensor:
        """Make clips.

        Args:
            latent: `(B, D)`, or a walk `(B, W, D)`.
            label: `(B,)` int64 in 0..K-1; None if the network has no labels.
            noise: one tensor `(B, *shape)` for each of `noise_shapes(positions)`; None draws it
                from torch's global generator.
            truncation: in [0, 1]; below 1 latents move towards their mean, for less variety and
                fewer failures.
            positions: length of the map; None: `self.positions` (more if W is above 1, where
                windows overlap by half).
            loop: make a clip whose end continues with its start: windows and convolutions wrap.

        Returns:
            `(B, C, positions * segment / self.positions)` in about [-1, 1], or the representation
            that `to_audio` takes.
        """

    @property
    def makes_waves(self) -> bool:
        """Whether `forward` returns audio, not a representation of it."""
        return type(self).represent is LatentGenerator.represent

    def noise_shapes(self, positions: int | None = None) -> list[tuple[int, ...]]:
        """Shapes of one item's standard normal noise, in order of use; empty without noise."""
        return []

    def noises(
        self, noise: Sequence[Tensor] | None, batch: int, positions: int, device: torch.device
    ) -> list[Tensor]:
        """The given noise, or else noise from torch's global generator.

        Raises:
            UserError: its shapes are not `noise_shapes(positions)`.
        """
        shapes = [(batch, *shape) for shape in self.noise_shapes(positions)]
        if noise is None:
            return [torch.randn(shape, device=device) for shape in shapes]
        if [tuple(each.shape) for each in noise] != shapes:
            raise UserError(
                f"noise has the shapes {[tuple(each.shape) for each in noise]}, but the network "
                f"needs {shapes}"
            )
        return list(noise)

    def represent(self, audio: Tensor) -> Tensor:
        """The input of D for real audio `(B, C, T)`, comparable to the output of `forward`."""
        return audio

    def to_audio(self, made: Tensor, *, loop: bool = False) -> Tensor:
        """Convert the output of `forward` to audio `(B, C, T)`; `loop` as in that call."""
        return made

    def fit(self, crops: Iterable[Tensor]) -> None:
        """Store statistics of real crops `(B, C, T)` in buffers, before training."""
