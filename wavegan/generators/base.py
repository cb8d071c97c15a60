"""What every generator is: a network that ends in a waveform, with one base for each input."""

from abc import ABC, abstractmethod
from collections.abc import Iterable, Sequence
from typing import Literal

import torch
from torch import Tensor, nn

from wavegan.errors import UserError


class Generator(nn.Module, ABC):
    """Base of all generators: what comes out is audio `(B, C, T)` in about [-1, 1].

    What goes in is said by the bases below, one for each kind of input; all subclasses of one have
    the same `forward`.
    """


class MelGenerator(Generator):
    """Base of vocoders: a log-mel spectrogram in, its waveform out.

    Attributes:
        hop_length: audio samples per input frame.
        local: a sample depends on nearby frames alone, so that a long mel may be decoded in
            pieces; how many frames is found by trying. False where the output depends on
            statistics of the whole, or on all that was before.
    """

    hop_length: int
    local: bool = False

    @abstractmethod
    def forward(self, mel: Tensor, noise: Tensor | None = None) -> Tensor:
        """Make audio.

        Args:
            mel: `(B, n_mels, L)`.
            noise: `(B, *noise_shape(L))`, standard normal; None draws it from torch's global
                generator. A network that takes none ignores it.

        Returns:
            `(B, C, output_length(L))`.
        """

    def output_length(self, frames: int) -> int:
        """Number of audio samples made from `frames` input frames."""
        return frames * self.hop_length

    def noise_shape(self, frames: int) -> tuple[int, int] | None:
        """Shape of one item's standard normal noise `(channels, length)`, or None: it takes none.

        Args:
            frames: L of the mel spectrogram.
        """
        return None


class WaveformGenerator(Generator):
    """Base of audio to audio: a waveform in, another out.

    Attributes:
        local: as that of `MelGenerator`, of samples.
    """

    local: bool = False

    @abstractmethod
    def forward(self, audio: Tensor, noise: Tensor | None = None) -> Tensor:
        """Make audio.

        Args:
            audio: `(B, C, T)`.
            noise: `(B, *noise_shape(T))`, standard normal; None draws it from torch's global
                generator. A network that takes none ignores it.

        Returns:
            `(B, C, output_length(T))`.
        """

    def output_length(self, samples: int) -> int:
        """Number of audio samples made from `samples` input samples."""
        return samples

    def noise_shape(self, samples: int) -> tuple[int, int] | None:
        """Shape of one item's standard normal noise `(channels, length)`, or None: it takes none.

        Args:
            samples: T of the audio.
        """
        return None


class LatentGenerator(Generator):
    """Base of the generators of sounds: a latent vector in, a clip out.

    Such a network makes a short map `(B, channels, positions)` of the latent and upsamples it to
    `segment` samples. A walk of several latents is longer: each has a window of `positions`
    positions on the map, the windows overlap and cross-fade, and what follows is convolution, so
    there is no seam (`layers/walk.py`).

    Attributes:
        latent_dim: D, length of a latent.
        prior: of each of its numbers: standard normal, or uniform in [-1, 1].
        segment: samples that one latent makes.
        positions: length of the map that one latent makes; divides `segment`.
        n_labels: K, how many labels it knows; 0: it takes none.
        circular: its convolutions always wrap, so that every clip is a loop.
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
            label: `(B,)` int64 in 0..K-1; None where the network knows none.
            noise: one tensor `(B, *shape)` for each of `noise_shapes(positions)`; None draws it
                from torch's global generator.
            truncation: in [0, 1]; below 1 latents are drawn towards their mean: less variety,
                fewer failures.
            positions: length of the map; None: `self.positions` (more where W is above 1: the
                windows then overlap by half).
            loop: the end of the clip goes on with its beginning: windows and convolutions wrap.

        Returns:
            `(B, C, positions * segment / self.positions)` in about [-1, 1]; where the network makes
            something else, what `to_audio` takes.
        """

    @property
    def makes_waves(self) -> bool:
        """Whether `forward` makes audio itself, and no representation of it."""
        return type(self).represent is LatentGenerator.represent

    def noise_shapes(self, positions: int | None = None) -> list[tuple[int, ...]]:
        """Shapes of one item's standard normal noise, first used first; empty: it takes none."""
        return []

    def noises(
        self, noise: Sequence[Tensor] | None, batch: int, positions: int, device: torch.device
    ) -> list[Tensor]:
        """The noise that was given, or else drawn from torch's global generator.

        Raises:
            UserError: it is not of `noise_shapes(positions)`.
        """
        shapes = [(batch, *shape) for shape in self.noise_shapes(positions)]
        if noise is None:
            return [torch.randn(shape, device=device) for shape in shapes]
        if [tuple(each.shape) for each in noise] != shapes:
            raise UserError(
                f"noise has the shapes {[tuple(each.shape) for each in noise]}: the network takes "
                f"{shapes}"
            )
        return list(noise)

    def represent(self, audio: Tensor) -> Tensor:
        """What D is shown of real audio `(B, C, T)`, beside what `forward` makes."""
        return audio

    def to_audio(self, made: Tensor, *, loop: bool = False) -> Tensor:
        """Turn what `forward` makes into audio `(B, C, T)`; `loop` as it was given there."""
        return made

    def fit(self, crops: Iterable[Tensor]) -> None:
        """Take statistics of real crops `(B, C, T)` into buffers, before training."""
