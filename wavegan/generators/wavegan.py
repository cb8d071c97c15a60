"""WaveGAN: a latent, a dense layer, and transposed convolutions up to the waveform.

Source: Donahue, McAuley and Puckette 2019, "Adversarial Audio Synthesis" (arXiv 1802.04208), as in
github.com/chrisdonahue/wavegan (MIT) without batch normalisation, its default. Its three lengths
are the defaults here at `segment` 16384, 32768 and 65536; labels, stereo, loops and walks through
several latents are ours.
"""

from collections.abc import Sequence
from itertools import pairwise
from typing import Literal

import torch
from torch import Tensor, nn
from torch.nn.functional import relu

from wavegan.errors import UserError
from wavegan.generators.base import LatentGenerator
from wavegan.layers.conditioning import ConditionalNorm, check_labels
from wavegan.layers.walk import as_walk, overlap
from wavegan.layers.wave_same import SameConv1d, SameUpsample1d, Upsample, start_as_tensorflow
from wavegan.layers.wave_strides import check_strides, layer_widths, usual_strides


class WaveGAN(LatentGenerator):
    """Turns latents, uniform in [-1, 1], into clips `(B, channels, segment)` in [-1, 1].

    With a `post_filter`, clips may slightly exceed [-1, 1]. It takes no noise.

    Args:
        segment: samples of a clip, a multiple of the product of `strides`.
        channels: audio channels.
        n_labels: K, number of labels.
        latent_dim: D.
        dim: channels before the last convolution; each one before that has twice as many.
        max_dim: maximum width of a layer.
        kernel_size: kernel of the convolutions, at their output rate; at least the stride.
        strides: upsampling factor of each layer; None: 4 each, with a final 2 if needed, from 16
            to 31 positions. 16384 is 16 · 4⁵, 32768 is 16 · 4⁵ · 2.
        upsample: "transposed" convolutions, or "nearest" or "linear" interpolation followed by a
            convolution, which avoids pitched noise (section 3.4 of the paper).
        post_filter: length in samples of a learned filter after the tanh, one per channel (512 in
            the paper); 0: none.
        conditioning: use of labels. "concatenate": an embedding as long as the latent is appended
            to it. "norm": each layer except the last is followed by a normalisation over its
            channels, for each position, with a scale and a shift for each label.
        circular: convolutions always wrap, also in training, so every clip is a loop, and
            `loop=True` does not change the map of a single latent. A walk through several latents
            returns to the first only with `loop=True`.

    Raises:
        UserError: options contradict each other; the message has the nearest segments.
    """

    prior = "uniform"

    def __init__(
        self,
        *,
        segment: int = 16384,
        channels: int = 1,
        n_labels: int = 0,
        latent_dim: int = 100,
        dim: int = 64,
        max_dim: int = 2048,
        kernel_size: int = 25,
        strides: Sequence[int] | None = None,
        upsample: Upsample = "transposed",
        post_filter: int = 0,
        conditioning: Literal["concatenate", "norm"] = "concatenate",
        circular: bool = False,
    ) -> None:
        super().__init__()
        if min(channels, latent_dim) < 1 or min(n_labels, post_filter) < 0:
            raise UserError(
                f"channels {channels} and latent_dim {latent_dim} must be at least 1, n_labels "
                f"{n_labels} and post_filter {post_filter} at least 0"
            )
        strides = usual_strides(segment) if strides is None else strides
        self.positions = check_strides(segment, strides, kernel_size)
        self.hop_length = segment // self.positions
        self.segment, self.latent_dim, self.n_labels = segment, latent_dim, n_labels
        self.circular = circular
        widths = layer_widths(dim, max_dim, len(strides))[::-1]
        concatenated = latent_dim if n_labels and conditioning == "concatenate" else 0
        self.embedding = nn.Embedding(n_labels, concatenated) if concatenated else None
        self.dense = nn.Linear(latent_dim + concatenated, self.positions * widths[0])
        start_as_tensorflow(self.dense)
        self.ups = nn.ModuleList(
            SameUpsample1d(above, below, kernel_size, stride, upsample)
            for (above, below), stride in zip(pairwise([*widths, channels]), strides, strict=True)
        )
        normed = widths if n_labels and conditioning == "norm" else []
        self.norms = nn.ModuleList(ConditionalNorm(width, n_labels) for width in normed)
        self.filter = None
        if post_filter:
            self.filter = SameConv1d(channels, channels, post_filter, bias=False, groups=channels)

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
        """Make clips `(B, channels, positions * hop_length)`; see `LatentGenerator.forward`.

        Under autocast, everything from the last convolution on is computed in float32.

        Raises:
            UserError: latent, label or positions do not fit the network.
        """
        walk = as_walk(latent, self.latent_dim)
        label = check_labels(label, self.n_labels, walk.shape[0])
        x = self._joined(self._maps(walk * truncation, label), positions, loop)
        wrap = loop or self.circular
        for layer, up in enumerate(self.ups[:-1], start=1):
            x = self._activated(layer, up(x, wrap), label)
        # the eight bits of bfloat16 would be audible as noise
        with torch.autocast(x.device.type, enabled=False):
            audio = torch.tanh(self.ups[-1](x.to(self.dense.weight.dtype), wrap))
            return audio if self.filter is None else self.filter(audio, wrap)

    def _maps(self, walk: Tensor, label: Tensor | None) -> Tensor:
        """`(B, W, D)` to activated maps `(B, W, width, positions)`."""
        batch, windows, _ = walk.shape
        if self.embedding is not None:
            vector = self.embedding(label).unsqueeze(1).expand(-1, windows, -1)
            walk = torch.cat([walk, vector], -1)
        # positions before channels, as in the original, so its weights fit unchanged
        maps = self.dense(walk).reshape(batch * windows, self.positions, -1).transpose(1, 2)
        each = None if label is None else label.repeat_interleave(windows)
        return self._activated(0, maps, each).reshape(batch, windows, -1, self.positions)

    def _activated(self, layer: int, x: Tensor, label: Tensor | None) -> Tensor:
        return relu(self.norms[layer](x, label) if self.norms else x)

    def _joined(self, maps: Tensor, positions: int | None, loop: bool) -> Tensor:
        """Join the maps of the walk, `(B, width, positions)`."""
        alone = maps.shape[1] == 1 and positions in (None, self.positions)
        if alone and (self.circular or not loop):
            return maps[:, 0]
        return overlap(maps, positions, loop=loop)
