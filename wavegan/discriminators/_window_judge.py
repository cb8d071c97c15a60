"""MelGAN's judge of a window, with all that ParallelWaveGAN lets one choose about it.

Source: Kumar et al. 2019, "MelGAN" (arXiv 1910.06711), in the shape of
github.com/kan-bayashi/ParallelWaveGAN (MIT), `MelGANDiscriminator`.
"""

import math
from collections.abc import Sequence

from torch import Tensor, nn

from wavegan.discriminators.base import DiscriminatorOutput
from wavegan.errors import UserError
from wavegan.layers.conv import PaddingMode, same_padding
from wavegan.layers.nonlinearity import Activation

CHANNELS_PER_GROUP = 4


class WindowJudge(nn.Module):
    """Strided grouped convolutions over `(B, C, T)`, without weight norm.

    Weights start at N(0, 0.02) as in the original, whose weight norm comes afterwards.

    Args:
        in_channels: C.
        kernel_sizes: of the last two convolutions; the first one's is their product. Odd.
        base_channels: width of the first layer, a multiple of 4.
        max_channels: largest width.
        rates: strides of the layers between, each of which is wider by its rate; their kernels are
            ten times that and one, their groups 4 channels.
        activation: after all layers but the last.
        padding_mode: at the borders of the first layer.
        bias: whether convolutions have one.

    Raises:
        UserError: an even kernel, or widths that do not split into groups.
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
        padding_mode: PaddingMode,
        bias: bool,
    ) -> None:
        super().__init__()
        if len(kernel_sizes) != 2 or min(kernel_sizes) < 1 or not all(k % 2 for k in kernel_sizes):
            raise UserError(
                f"kernel_sizes {list(kernel_sizes)} must be two odd kernels: use [5, 3]"
            )
        _check_widths(base_channels, max_channels, rates)
        self.activation = activation
        first, width = math.prod(kernel_sizes), base_channels
        self.convs = nn.ModuleList(
            [
                nn.Conv1d(
                    in_channels,
                    width,
                    first,
                    padding=same_padding(first),
                    bias=bias,
                    padding_mode=padding_mode,
                )
            ]
        )
        for rate in rates:
            wider = min(width * rate, max_channels)
            groups = width // CHANNELS_PER_GROUP
            self.convs.append(
                nn.Conv1d(width, wider, 10 * rate + 1, rate, 5 * rate, groups=groups, bias=bias)
            )
            width = wider
        last = min(2 * width, max_channels)
        (before, after) = kernel_sizes
        self.convs.append(nn.Conv1d(width, last, before, padding=same_padding(before), bias=bias))
        self.conv_post = nn.Conv1d(last, 1, after, padding=same_padding(after), bias=bias)
        for conv in (*self.convs, self.conv_post):
            nn.init.normal_(conv.weight, 0.0, 0.02)

    def forward(self, x: Tensor) -> DiscriminatorOutput:
        """Shape: `(B, C, T)` to logits `(B, 1, N)`."""
        feature_maps = []
        for conv in self.convs:
            x = self.activation(conv(x))
            feature_maps.append(x)
        return DiscriminatorOutput(self.conv_post(x), feature_maps)


def _check_widths(base: int, most: int, rates: Sequence[int]) -> None:
    if min(rates, default=1) < 1:
        raise UserError(f"downsampling_rates {list(rates)} must be at least 1")
    width = base
    for rate in rates:
        wider = min(width * rate, most)
        groups = width // CHANNELS_PER_GROUP
        if width % CHANNELS_PER_GROUP or groups < 1 or wider % groups:
            raise UserError(
                f"base_channels {base} and max_channels {most} with downsampling_rates "
                f"{list(rates)} give widths that do not split into groups of {CHANNELS_PER_GROUP} "
                "channels: use powers of two, such as 16 and 512"
            )
        width = wider
    if min(base, most) < 1:
        raise UserError(f"base_channels {base} and max_channels {most} must be at least 1")
