"""A residual critic of waveforms without normalisation.

Source: Huang, Gokaslan, Kuleshov and Tompkin 2024, "The GAN is dead; long live the GAN! A Modern
GAN Baseline" (R3GAN, arXiv 2501.05441), as in github.com/brownvc/R3GAN. From there: blocks of
three convolutions with a wide, grouped middle one, only biases and leaky ReLUs between them, Fixup
initialization, no activation on the residual path, low-pass filters before downsampling, and a
weight for each position of the last map. From StyleGAN2 (Karras et al. 2020, arXiv 1912.04958):
widths that double from the audio on, minibatch deviation, the equalised learning rate. Labels by
projection: Miyato and Koyama 2018 (arXiv 1802.05637). Ours: one dimension, with longer kernels and
strides of 4; a first convolution wider than one sample, as a waveform has one channel; blocks that
start at a hundredth instead of 0.
"""

import math
from collections.abc import Sequence
from functools import partial, reduce
from itertools import pairwise

import torch
from torch import Tensor, nn
from torch.nn.functional import leaky_relu

from wavegan.discriminators._segment import check_segment
from wavegan.discriminators.base import Discriminator, DiscriminatorOutput
from wavegan.errors import UserError
from wavegan.layers.antialias_resample import Downsample
from wavegan.layers.conditioning import LabelProjection, check_labels
from wavegan.layers.equalized import EqualConv1d, EqualLinear
from wavegan.layers.minibatch_std import MinibatchStd
from wavegan.layers.wave_strides import layer_widths

# initial scale of a block's branch: almost 0, but its inner weights learn from the first step on
BLOCK_START = 0.01
FEWEST = 32


class WaveResNet(Discriminator):
    """Scores clips `(B, channels, segment)`, of exactly this length.

    The logits are `(B, 1)`; the feature maps are the output of each stage, `(B, width, T')`. It is
    twice differentiable.

    Args:
        segment: samples of a clip; any number.
        channels: audio channels.
        n_labels: K, number of labels; the inner product of a label's embedding with a clip's
            features is added to the logits.
        dim: channels at the full rate; each further stage has twice as many.
        max_dim: maximum width of a stage.
        strides: downsampling factors between stages, each at least 2; None: 4 each, down to 32
            positions or fewer.
        blocks: blocks per stage.
        expansion: width of the middle of a block, as a multiple of its own.
        group_width: channels in a group of the middle convolution.
        kernel_size: kernel of the first and the middle convolutions; odd.
        leaky_slope: slope of the activations below 0.
        equalized: scale weights at run time (`layers/equalized.py`), as in StyleGAN2 but not in
            R3GAN.
        minibatch_std: clips per group for the minibatch deviation before the last stage
            (`layers/minibatch_std.py`); 0: none.

    Raises:
        UserError: options contradict each other.
    """

    def __init__(
        self,
        *,
        segment: int = 16384,
        channels: int = 1,
        n_labels: int = 0,
        dim: int = 32,
        max_dim: int = 256,
        strides: Sequence[int] | None = None,
        blocks: int = 1,
        expansion: int = 2,
        group_width: int = 16,
        kernel_size: int = 9,
        leaky_slope: float = 0.2,
        equalized: bool = False,
        minibatch_std: int = 0,
    ) -> None:
        super().__init__()
        _check(segment, channels, n_labels, blocks, expansion, leaky_slope)
        strides = _usual_strides(segment) if strides is None else list(strides)
        _check_strides(strides)
        if kernel_size < 1 or kernel_size % 2 == 0:
            raise UserError(f"kernel_size {kernel_size} must be odd: use {max(kernel_size + 1, 1)}")
        widths = layer_widths(dim, max_dim, len(strides) + 1)
        _check_groups(group_width, [width * expansion for width in widths])
        self.shortest = self.segment = segment
        self.n_labels, self.batch_dependent = n_labels, minibatch_std > 0
        conv = partial(EqualConv1d, bias=None, equalized=equalized)
        block = partial(
            _Block,
            expansion=expansion,
            group_width=group_width,
            kernel_size=kernel_size,
            leaky_slope=leaky_slope,
            total=blocks * len(widths),
            equalized=equalized,
        )
        self.first = conv(channels, dim, kernel_size)
        self.stages = nn.ModuleList(
            nn.Sequential(*(block(width) for _ in range(blocks))) for width in widths
        )
        self.downs = nn.ModuleList(Downsample(stride) for stride in strides)
        extra = [0] * (len(strides) - 1) + [int(self.batch_dependent)]
        self.widenings = nn.ModuleList(
            conv(above + more, below, 1)
            for (above, below), more in zip(pairwise(widths), extra, strict=True)
        )
        self.spread = MinibatchStd(minibatch_std) if self.batch_dependent else None
        places = reduce(lambda length, stride: -(-length // stride), strides, segment)
        self.places = _Places(widths[-1], places, equalized)
        self.dense = EqualLinear(widths[-1], 1, equalized=equalized)
        self.projection = LabelProjection(widths[-1], n_labels) if n_labels else None

    def forward(self, audio: Tensor, label: Tensor | None = None) -> list[DiscriminatorOutput]:
        """Score `(B, channels, segment)`, with labels `(B,)` if there are any; one output.

        Raises:
            UserError: the audio has another length, or labels are missing or unknown.
        """
        check_segment(audio, self.segment)
        label = check_labels(label, self.n_labels, len(audio))
        x, feature_maps = self.first(audio), []
        for stage, blocks in enumerate(self.stages):
            if stage:
                x = self.downs[stage - 1](x)
                if self.spread is not None and stage == len(self.downs):
                    x = self.spread(x)
                x = self.widenings[stage - 1](x)
            x = blocks(x)
            feature_maps.append(x)
        features = self.places(x)
        logits: Tensor = self.dense(features)
        if self.projection is not None:
            logits = logits + self.projection(features, label)
        return [DiscriminatorOutput(logits, feature_maps)]


class _Block(nn.Module):
    """A residual block of three convolutions, with a wide, grouped middle one.

        x ─┬─ 1 ─ bias, leaky ReLU ─ kernel_size, groups ─ bias, leaky ReLU ─ 1 ─ + ─
           └───────────────────────────────────────────────────────────────────┘

    Args:
        width: C.
        total: number of blocks of the network; more blocks have smaller initial weights.
    """

    def __init__(
        self,
        width: int,
        *,
        expansion: int,
        group_width: int,
        kernel_size: int,
        leaky_slope: float,
        total: int,
        equalized: bool,
    ) -> None:
        super().__init__()
        wide = width * expansion
        # He initialization for leaky ReLUs, times the Fixup factor for blocks of three layers
        gain = math.sqrt(2 / (1 + leaky_slope**2)) * total**-0.25
        conv = partial(EqualConv1d, equalized=equalized, gain=gain)
        self.slope = leaky_slope
        self.widen = conv(width, wide, 1)
        self.middle = conv(wide, wide, kernel_size, groups=wide // group_width)
        self.narrow = conv(wide, width, 1, bias=None, start=BLOCK_START)

    def forward(self, x: Tensor) -> Tensor:
        """Shape: `(B, C, T)` to the same."""
        inner = leaky_relu(self.widen(x), self.slope)
        made: Tensor = self.narrow(leaky_relu(self.middle(inner), self.slope))
        return x + made


class _Places(nn.Module):
    """A weighted sum over time per channel: `(B, C, T)` to `(B, C)`."""

    def __init__(self, width: int, length: int, equalized: bool) -> None:
        super().__init__()
        size = 1 / math.sqrt(length)
        self.weight = nn.Parameter(torch.randn(width, length) * (1 if equalized else size))
        self.scale = size if equalized else 1.0

    def forward(self, x: Tensor) -> Tensor:
        return (x * (self.weight * self.scale).to(x.dtype)).sum(-1)


def _usual_strides(segment: int) -> list[int]:
    strides = [4]
    while -(-segment // 4 ** len(strides)) > FEWEST:
        strides.append(4)
    return strides


def _check_strides(strides: Sequence[int]) -> None:
    if not strides or min(strides) < 2:
        proposal = [max(stride, 2) for stride in strides] or [4, 4, 4, 4]
        raise UserError(
            f"strides {list(strides)} must be one or more numbers of at least 2, such as {proposal}"
        )


def _check_groups(group_width: int, wide: Sequence[int]) -> None:
    common = math.gcd(*wide)
    if group_width < 1 or common % group_width:
        fitting = [width for width in range(1, common + 1) if common % width == 0]
        nearest = min(fitting, key=lambda width: abs(width - group_width))
        raise UserError(
            f"group_width {group_width} does not divide {list(wide)}, the widths of the stages "
            f"times expansion: use {nearest}"
        )


def _check(
    segment: int, channels: int, n_labels: int, blocks: int, expansion: int, leaky_slope: float
) -> None:
    if min(segment, channels, blocks, expansion) < 1 or n_labels < 0:
        raise UserError(
            f"segment {segment}, channels {channels}, blocks {blocks} and expansion {expansion} "
            f"must be at least 1, n_labels {n_labels} at least 0"
        )
    if leaky_slope < 0:
        raise UserError(f"leaky_slope {leaky_slope} must be 0 or more: 0 is ReLU")
