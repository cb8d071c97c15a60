"""MelGAN's window discriminator, with the options of ParallelWaveGAN.

Source: Kumar et al. 2019, "MelGAN" (arXiv 1910.06711), as in
github.com/descriptinc/melgan-neurips (MIT) and in `MelGANDiscriminator` of
github.com/kan-bayashi/ParallelWaveGAN (MIT).
"""

import math
from collections.abc import Sequence
from itertools import pairwise

from torch import Tensor, nn

from wavegan.discriminators.base import DiscriminatorOutput
from wavegan.layers.conv import PaddingMode, same_padding
from wavegan.layers.nonlinearity import Activation

CHANNELS_PER_GROUP = 4


class WindowDiscriminator(nn.Module):
    """Strided grouped convolutions over `(B, C, T)`, without weight norm.

    Args:
        in_channels: C.
        kernel_sizes: kernels of the last two convolutions; their product is the first kernel.
            See `are_two_odd`.
        base_channels: width of the first layer, a multiple of 4.
        max_channels: largest width.
        rates: strides of the layers between. Each layer is wider by its rate, with a kernel of
            ten times the rate plus one, in groups of 4 channels. See `splits_into_groups`.
        activation: activation after all layers except the last.
        padding_mode: padding of the first layer.
        bias: whether convolutions have a bias.
        std: standard deviation of the initial weights; None keeps torch's initialization.
    """

    def __init__(
        self,
        in_channels: int,
        *,
        kernel_sizes: Sequence[int],
        base_channels: int,
        max_channels: int,
        rates: Sequence[int],
        activation: Activation,
        padding_mode: PaddingMode = "reflect",
        bias: bool = True,
        std: float | None = None,
    ) -> None:
        super().__init__()
        self.activation = activation
        first, (before, after) = math.prod(kernel_sizes), kernel_sizes
        widths = _widths(base_channels, max_channels, rates)
        last = min(2 * widths[-1], max_channels)
        pad = same_padding(first)
        self.convs = nn.ModuleList(
            [
                nn.Conv1d(
                    in_channels, widths[0], first, padding=pad, bias=bias, padding_mode=padding_mode
                )
            ]
        )
        for (narrow, wide), rate in zip(pairwise(widths), rates, strict=True):
            kernel, groups = 10 * rate + 1, narrow // CHANNELS_PER_GROUP
            conv = nn.Conv1d(narrow, wide, kernel, rate, 5 * rate, groups=groups, bias=bias)
            self.convs.append(conv)
        self.convs.append(
            nn.Conv1d(widths[-1], last, before, padding=same_padding(before), bias=bias)
        )
        self.conv_post = nn.Conv1d(last, 1, after, padding=same_padding(after), bias=bias)
        if std is not None:
            for conv in (*self.convs, self.conv_post):
                nn.init.normal_(conv.weight, 0.0, std)

    def forward(self, x: Tensor) -> DiscriminatorOutput:
        """Shape: `(B, C, T)` to logits `(B, 1, N)`."""
        feature_maps = []
        for conv in self.convs:
            x = self.activation(conv(x))
            feature_maps.append(x)
        return DiscriminatorOutput(self.conv_post(x), feature_maps)


def are_two_odd(kernel_sizes: Sequence[int]) -> bool:
    """Whether `kernel_sizes` are two odd numbers."""
    return len(kernel_sizes) == 2 and all(size > 0 and size % 2 for size in kernel_sizes)


def splits_into_groups(base: int, most: int, rates: Sequence[int]) -> bool:
    """Whether each layer's input and output widths fit its groups of 4 channels.

    Args:
        base: `base_channels`.
        most: `max_channels`.
        rates: strides of the layers after the first, at least 1.
    """
    widths = _widths(base, most, rates)
    return widths[0] > 0 and all(
        narrow >= CHANNELS_PER_GROUP
        and narrow % CHANNELS_PER_GROUP == 0
        and wide % (narrow // CHANNELS_PER_GROUP) == 0
        for narrow, wide in pairwise(widths)
    )


def _widths(base: int, most: int, rates: Sequence[int]) -> list[int]:
    widths = [base]
    for rate in rates:
        widths.append(min(widths[-1] * rate, most))
    return widths
