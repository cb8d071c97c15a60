"""SpecGAN's generator: a latent to a spectrogram, by 2-D convolutions, and then to audio.

Source: Donahue, McAuley and Puckette 2019, "Adversarial Audio Synthesis" (arXiv 1802.04208), as in
github.com/chrisdonahue/wavegan (MIT) without batch normalisation, its default. It makes 16384
samples there; other lengths, stereo, labels, walks and loops are ours.
"""

from collections.abc import Iterable, Sequence
from itertools import pairwise

import torch
from torch import Tensor, nn
from torch.nn.functional import relu

from wavegan.audio.griffin_lim import check_options
from wavegan.errors import UserError
from wavegan.generators.base import LatentGenerator
from wavegan.layers.conditioning import check_labels
from wavegan.layers.log_spectrogram import LogSpectrogram
from wavegan.layers.spec_conv import DoublingConv2d, map_size
from wavegan.layers.walk import as_walk, overlap
from wavegan.layers.wave_same import start_as_tensorflow


class SpecGAN(LatentGenerator):
    """Latents `(B, D)`, uniform in [-1, 1], to log spectrograms `(B, C, spec_n_fft / 2, L)`.

    The output is in [-1, 1]: log magnitudes minus each bin's mean, in units of `clip` standard
    deviations. `fit` measures these statistics on the data, and `to_audio` inverts.

    Args:
        segment: samples of a clip, L * spec_hop_length; a multiple of
            `spec_hop_length * 2 ** stages`.
        channels: audio channels, C.
        n_labels: number of labels; 0: none.
        latent_dim: length of a latent, D.
        label_dim: length of a label's embedding, which is appended to the latent.
        dim: channels before the last convolution; each one before that has twice as many.
        stages: number of transposed convolutions; each doubles bins and frames.
        kernel_size: their kernel, bins and frames.
        spec_n_fft: FFT size of the spectrogram, samples; a multiple of `2 * 2 ** stages`.
        spec_hop_length: hop of the spectrogram, samples; at most half of spec_n_fft.
        clip: standard deviations at which spectrograms are clipped.
        iterations: iterations of Griffin-Lim.
        momentum: momentum of its fast variant, e.g. 0.99; 0 is the plain algorithm, as published.

    Raises:
        UserError: options contradict each other.
    """

    prior = "uniform"

    def __init__(
        self,
        *,
        segment: int = 16384,
        channels: int = 1,
        n_labels: int = 0,
        latent_dim: int = 100,
        label_dim: int = 32,
        dim: int = 64,
        stages: int = 5,
        kernel_size: int = 5,
        spec_n_fft: int = 256,
        spec_hop_length: int = 128,
        clip: float = 3.0,
        iterations: int = 16,
        momentum: float = 0.0,
    ) -> None:
        super().__init__()
        if min(channels, latent_dim, label_dim, dim) < 1 or n_labels < 0:
            raise UserError(
                f"channels {channels}, latent_dim {latent_dim}, label_dim {label_dim} and dim "
                f"{dim} must be at least 1, n_labels {n_labels} at least 0"
            )
        check_options(iterations, momentum)
        self.bins, self.positions = map_size(segment, spec_n_fft, spec_hop_length, stages)
        self.segment, self.hop_length = segment, segment // self.positions
        self.latent_dim, self.n_labels = latent_dim, n_labels
        self.iterations, self.momentum = iterations, momentum
        self.spectrogram = LogSpectrogram(spec_n_fft, spec_hop_length, clip)
        self.embedding = nn.Embedding(n_labels, label_dim) if n_labels else None
        widths = [dim * 2**stage for stage in reversed(range(stages))]
        inputs = latent_dim + (label_dim if n_labels else 0)
        self.dense = nn.Linear(inputs, widths[0] * self.bins * self.positions)
        start_as_tensorflow(self.dense)
        self.ups = nn.ModuleList(
            DoublingConv2d(above, below, kernel_size)
            for above, below in pairwise([*widths, channels])
        )

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
        """Make spectrograms `(B, C, spec_n_fft / 2, positions * 2 ** stages)`.

        See the base class. There is no noise, and truncation multiplies latents.

        Raises:
            UserError: latent, label or positions do not fit the network.
        """
        walk = as_walk(latent, self.latent_dim)
        label = check_labels(label, self.n_labels, walk.shape[0])
        maps = self._maps(walk * truncation, label)
        x = overlap(maps, positions, loop=loop)
        x = x.reshape(x.shape[0], -1, self.bins, x.shape[-1])
        for stage, up in enumerate(self.ups):
            x = up(relu(x) if stage else x, loop)
        return torch.tanh(x)

    def represent(self, audio: Tensor) -> Tensor:
        """The spectrogram `(B, C, spec_n_fft / 2, L)` in [-1, 1] of audio `(B, C, T)`."""
        shown: Tensor = self.spectrogram(audio)
        return shown

    def to_audio(self, made: Tensor, *, loop: bool = False) -> Tensor:
        """Invert spectrograms to audio `(B, C, L * spec_hop_length)`, float32.

        Griffin-Lim starts from phase 0, so the result is deterministic. Only the magnitudes have a
        gradient.
        """
        return self.spectrogram.inverse(made, self.iterations, self.momentum, loop=loop)

    def fit(self, crops: Iterable[Tensor]) -> None:
        """Measure each bin's mean and standard deviation on real crops `(B, C, T)`."""
        self.spectrogram.fit(crops)

    def _maps(self, walk: Tensor, label: Tensor | None) -> Tensor:
        """`(B, W, D)` to activated maps `(B, W, channels * bins, positions)`."""
        if self.embedding is not None:
            vector = self.embedding(label).unsqueeze(1).expand(-1, walk.shape[1], -1)
            walk = torch.cat([walk, vector], -1)
        # frames, then bins, then channels, as in the original, so its weights fit unchanged
        batch, windows, _ = walk.shape
        maps = relu(self.dense(walk)).reshape(batch, windows, self.positions, self.bins, -1)
        return maps.permute(0, 1, 4, 3, 2).flatten(2, 3)
