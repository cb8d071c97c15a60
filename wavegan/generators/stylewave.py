"""StyleWave: a style-based generator of waveforms.

Source: Karras et al. 2020, "Analyzing and Improving the Image Quality of StyleGAN" (arXiv
1912.04958), in one dimension: mapping network, modulated convolutions, noise, sums of outputs at
all rates and style mixing, as in github.com/NVlabs/stylegan2-ada-pytorch (NVIDIA Source Code
License). Styles for audio: Baas and Kamper 2022, "GAN You Hear Me?" (ASGAN, arXiv 2210.05271).
Low-pass filters instead of bilinear ones and the small scale of the output: Karras et al. 2021,
"Alias-Free Generative Adversarial Networks" (StyleGAN3, arXiv 2106.12423). Loops, and styles that
change along a walk, are ours.
"""

import math
from collections.abc import Iterator, Sequence
from itertools import accumulate, pairwise
from operator import mul
from typing import Literal

import torch
from torch import Tensor, nn

from wavegan.errors import UserError
from wavegan.generators.base import LatentGenerator
from wavegan.layers.antialias_resample import Upsample, stretch
from wavegan.layers.conditioning import check_labels
from wavegan.layers.mapping import Mapping
from wavegan.layers.modulated import ModulatedConv1d, StyledConv1d
from wavegan.layers.walk import as_walk, overlap, shares
from wavegan.layers.wave_strides import check_strides, layer_widths

# from StyleGAN3: initially the output is well inside the linear range of tanh
OUTPUT_SCALE = 0.25


class StyleWave(LatentGenerator):
    """Turns latents, standard normal, into clips `(B, channels, segment)` in [-1, 1].

        latent ─ mapping ─ styles      (one for each layer; in training two latents may share)
                              │
        learned map ─ conv ─ up ─ conv ─ up ─ conv ─ …          each: + noise, leaky ReLU
                       │           │           │
                     audio ─ up ─ + ─── up ─── + ─ …  ─ tanh

    The learned map is the same for all latents. In a walk, its copies overlap, one per window, and
    the styles change from window to window in the same way.

    Args:
        segment: samples of a clip, a multiple of the product of `strides`.
        channels: audio channels.
        n_labels: K, number of labels.
        latent_dim: D.
        style_dim: length of a style, and width of the mapping network.
        mapping_layers: dense layers of the mapping network; StyleGAN2 has 8, StyleGAN3 2.
        dim: channels at the full rate; each earlier stage has twice as many.
        max_dim: maximum width of a layer.
        kernel_size: kernel of the convolutions; odd.
        strides: upsampling factor of each stage; None: about 4 each, from about 32 positions.
        upsample: "learned": a convolution makes `stride` samples of each one; "filtered": a
            low-pass filter follows a convolution, so new overtones come only from noise and leaky
            ReLUs, and the strides cause no tone in the audio.
        mixing: probability in training that a second latent of the same label sets the styles from
            a random layer on.
        average_decay: decay of the average styles that truncation moves towards.
        final_tanh: bound the output by tanh; False: peaks may exceed full scale.
        circular: convolutions always wrap, also in training, so every clip is a loop, and
            `loop=True` does not change the map of a single latent. A walk through several latents
            returns to the first only with `loop=True`.

    Raises:
        UserError: options contradict each other; the message has the nearest values.
    """

    def __init__(
        self,
        *,
        segment: int = 16384,
        channels: int = 1,
        n_labels: int = 0,
        latent_dim: int = 128,
        style_dim: int = 256,
        mapping_layers: int = 2,
        dim: int = 32,
        max_dim: int = 256,
        kernel_size: int = 9,
        strides: Sequence[int] | None = None,
        upsample: Literal["learned", "filtered"] = "learned",
        mixing: float = 0.9,
        average_decay: float = 0.995,
        final_tanh: bool = True,
        circular: bool = False,
    ) -> None:
        super().__init__()
        _check(channels, n_labels, latent_dim, style_dim, mapping_layers)
        _check_shares(mixing, average_decay)
        if kernel_size < 1 or kernel_size % 2 == 0:
            raise UserError(f"kernel_size {kernel_size} must be odd: use {max(kernel_size + 1, 1)}")
        strides = list(_usual_strides(segment) if strides is None else strides)
        self.positions = check_strides(segment, strides, max(strides, default=1))
        self.hop_length = segment // self.positions
        self.segment, self.latent_dim, self.n_labels = segment, latent_dim, n_labels
        self.strides, self.circular = strides, circular
        self.mixing, self.final_tanh = mixing, final_tanh
        self.mapping = Mapping(
            latent_dim, style_dim, n_labels, layers=mapping_layers, decay=average_decay
        )
        widths = layer_widths(dim, max_dim, len(strides) + 1)[::-1]
        self.constant = nn.Parameter(torch.randn(1, 1, widths[0], self.positions))
        self.layers = nn.ModuleList([StyledConv1d(widths[0], widths[0], kernel_size, style_dim)])
        for (above, below), stride in zip(pairwise(widths), strides, strict=True):
            filtered = upsample == "filtered"
            up = StyledConv1d(above, below, kernel_size, style_dim, rate=stride, filtered=filtered)
            self.layers += [up, StyledConv1d(below, below, kernel_size, style_dim)]
        self.outputs = nn.ModuleList(
            ModulatedConv1d(width, channels, 1, style_dim, demodulate=False) for width in widths
        )
        self.output_bias = nn.Parameter(torch.zeros(channels, 1))
        self.audio_ups = nn.ModuleList(Upsample(stride) for stride in strides)

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

        In training it updates the average of the styles, and may draw second latents from torch's
        global generator.

        Raises:
            UserError: latent, label, noise, truncation or positions do not fit the network.
        """
        walk = as_walk(latent, self.latent_dim)
        label = check_labels(label, self.n_labels, walk.shape[0])
        if not 0 <= truncation <= 1:
            raise UserError(f"truncation {truncation} must be from 0 to 1: use 1 for all variety")
        x = self._map(walk.shape[1], positions, loop)
        styles = self._styles(walk, label, truncation)
        share = None
        if walk.shape[1] > 1:
            share = shares(walk.shape[1], self.positions, x.shape[-1], loop).to(x.device)
        drawn = iter(self.noises(noise, walk.shape[0], x.shape[-1], x.device))
        audio = self._synthesize(x, styles, drawn, share, loop or self.circular)
        audio = OUTPUT_SCALE / math.sqrt(len(self.outputs)) * (audio + self.output_bias)
        return torch.tanh(audio) if self.final_tanh else audio

    def noise_shapes(self, positions: int | None = None) -> list[tuple[int, ...]]:
        """`(1, length)` for each layer: one layer on the map, two at each further rate."""
        rates = [1, *(rate for rate in accumulate(self.strides, mul) for _ in range(2))]
        return [(1, (positions or self.positions) * rate) for rate in rates]

    def _map(self, windows: int, positions: int | None, loop: bool) -> Tensor:
        """The learned map for a number of windows, `(1, C, positions)`."""
        alone = windows == 1 and positions in (None, self.positions)
        if alone and (self.circular or not loop):
            return self.constant[:, 0]
        return overlap(self.constant.expand(-1, windows, -1, -1), positions, loop=loop)

    def _styles(self, walk: Tensor, label: Tensor | None, truncation: float) -> list[Tensor]:
        """The styles `(B, W, S)` of each layer."""
        batch, windows, _ = walk.shape
        each = None if label is None else label.repeat_interleave(windows)
        style = self.mapping(walk.flatten(0, 1), each)
        if self.training:
            self.mapping.average(style, each)
        styles = [style] * len(self.layers)
        if self.training and self.mixing:
            second = self.mapping(torch.randn_like(walk).flatten(0, 1), each)
            since = self._takeovers(batch, walk.device).repeat_interleave(windows)[:, None]
            styles = [torch.where(layer < since, style, second) for layer in range(len(styles))]
        if truncation < 1:
            styles = [self.mapping.truncated(one, each, truncation) for one in styles]
        return [one.unflatten(0, (batch, windows)) for one in styles]

    def _takeovers(self, batch: int, device: torch.device) -> Tensor:
        """The layer from which each clip uses its second latent's style; past the last: never."""
        layers = len(self.layers)
        since = torch.randint(1, layers, (batch,), device=device)
        return since.masked_fill(torch.rand(batch, device=device) >= self.mixing, layers)

    def _synthesize(
        self,
        x: Tensor,
        styles: Sequence[Tensor],
        noise: Iterator[Tensor],
        share: Tensor | None,
        wrap: bool,
    ) -> Tensor:
        """The sum of the outputs at all rates, `(B, channels, T)` in float32."""
        x = x.expand(styles[0].shape[0], -1, -1)
        x = self.layers[0](x, styles[0], next(noise), share, wrap)
        audio: Tensor = self.outputs[0](x, styles[0], share).float()
        for stage, stride in enumerate(self.strides):
            up, conv = self.layers[2 * stage + 1 : 2 * stage + 3]
            first, second = styles[2 * stage + 1 : 2 * stage + 3]
            x = up(x, first, next(noise), share, wrap)
            share = None if share is None else stretch(share[None], stride, wrap)[0]
            x = conv(x, second, next(noise), share, wrap)
            audio = self.audio_ups[stage](audio, wrap)
            audio = audio + self.outputs[stage + 1](x, second, share).float()
        return audio


def _usual_strides(segment: int) -> list[int]:
    """Strides of at most 7, most of them fours, from about 32 positions.

    Raises:
        UserError: the segment has too large a prime factor; the message has the nearest ones
            without.
    """
    if _layouts(segment):
        _, _, strides = min(_layouts(segment))
        return strides
    below = next((each for each in range(segment, 15, -1) if _layouts(each)), None)
    above = next(each for each in range(max(segment, 16), 2 * max(segment, 16)) if _layouts(each))
    nearest = f"{above}" if below is None else f"{below} or {above}"
    raise UserError(
        f"segment {segment} is not a product of 8 to 128 positions and strides of at most 7: use "
        f"{nearest}, or set strides"
    )


def _layouts(segment: int) -> list[tuple[float, int, list[int]]]:
    """Cost, positions and strides of all layouts with 8 to 128 positions; the minimum is best."""
    found = []
    for positions in range(8, 129):
        strides = [] if segment % positions else _strides(segment // positions)
        if strides:
            odd = sum(abs(math.log2(stride / 4)) for stride in strides)
            found.append((odd + abs(math.log2(positions / 32)), -positions, strides))
    return found


def _strides(factor: int) -> list[int]:
    """Factors 7, 5, 4, 3 and 2 of a number; empty if it has others."""
    strides = []
    for stride in (7, 5, 4, 3, 2):
        while factor % stride == 0 and factor > 1:
            strides.append(stride)
            factor //= stride
    return strides if factor == 1 else []


def _check(
    channels: int, n_labels: int, latent_dim: int, style_dim: int, mapping_layers: int
) -> None:
    if min(channels, latent_dim, style_dim, mapping_layers) < 1 or n_labels < 0:
        raise UserError(
            f"channels {channels}, latent_dim {latent_dim}, style_dim {style_dim} and "
            f"mapping_layers {mapping_layers} must be at least 1, n_labels {n_labels} at least 0"
        )


def _check_shares(mixing: float, average_decay: float) -> None:
    if not 0 <= mixing <= 1 or not 0 <= average_decay < 1:
        raise UserError(
            f"mixing {mixing} must be from 0 to 1: use {min(max(mixing, 0.0), 1.0)}; average_decay "
            f"{average_decay} from 0 to below 1: use {min(max(average_decay, 0.0), 0.999)}"
        )
