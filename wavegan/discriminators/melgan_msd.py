"""MelGAN's multi-scale discriminator: the same window-based judge at three rates.

Source: Kumar et al. 2019, "MelGAN" (arXiv 1910.06711), in the shape of
github.com/descriptinc/melgan-neurips (MIT). `max_channels` and `kernel_sizes` are options of
github.com/kan-bayashi/ParallelWaveGAN (MIT), whose multi-band MelGAN has a narrower one.
"""

from collections.abc import Sequence
from itertools import pairwise

from torch import Tensor, nn
from torch.nn.functional import avg_pool1d, leaky_relu

from wavegan.discriminators.base import Discriminator, DiscriminatorOutput
from wavegan.errors import UserError
from wavegan.layers.blocks import MELGAN_SLOPE
from wavegan.layers.conv import conv1d, normalized

CHANNELS_PER_GROUP = 4


class MelGANMultiScale(Discriminator):
    """Judges audio `(B, C, T)` as it is and after each of `scales - 1` halvings of its rate.

    Per scale the logits are `(B, 1, N)`; the feature maps are the activation of every layer,
    `(B, width, T')`, without the logits, as published. Borders are reflected: at the lowest rate
    more samples must be left than half of the first kernel, 7.

    Args:
        channels: audio channels, C.
        scales: how many.
        base_channels: width of the first layer, a multiple of 4.
        layers: downsampling layers of each judge; each multiplies the width by
            `downsampling_factor` up to `max_channels`.
        downsampling_factor: stride of these layers; their kernel is ten times that and one.
        max_channels: no layer is wider.
        kernel_sizes: two odd kernels, of the last two layers; the first layer's is their product.

    Raises:
        UserError: these contradict each other.
    """

    def __init__(
        self,
        *,
        channels: int = 1,
        scales: int = 3,
        base_channels: int = 16,
        layers: int = 4,
        downsampling_factor: int = 4,
        max_channels: int = 1024,
        kernel_sizes: Sequence[int] = (5, 3),
    ) -> None:
        super().__init__()
        if min(channels, scales) < 1:
            raise UserError(f"channels {channels} and scales {scales} must be at least 1")
        if min(layers, downsampling_factor) < 1:
            raise UserError(
                f"layers {layers} and downsampling_factor {downsampling_factor} must be at least 1"
            )
        if len(kernel_sizes) != 2 or min(kernel_sizes) < 1 or not all(k % 2 for k in kernel_sizes):
            raise UserError(
                f"kernel_sizes {list(kernel_sizes)} must be two odd numbers, such as [5, 3]"
            )
        _check_widths(base_channels, layers, downsampling_factor, max_channels)
        widths = _widths(base_channels, layers, downsampling_factor, max_channels)
        last = min(2 * widths[-1], max_channels)
        self.discriminators = nn.ModuleList(
            _Scale(channels, widths, last, downsampling_factor, kernel_sizes) for _ in range(scales)
        )

    def forward(self, audio: Tensor) -> list[DiscriminatorOutput]:
        """Judge `(B, C, T)`; one output per scale, the full rate first."""
        outputs = []
        for scale, judge in enumerate(self.discriminators):
            if scale:
                audio = avg_pool1d(audio, 4, 2, padding=1, count_include_pad=False)
            outputs.append(judge(audio))
        return outputs


class _Scale(nn.Module):
    def __init__(
        self, channels: int, widths: list[int], last: int, stride: int, kernels: Sequence[int]
    ) -> None:
        super().__init__()
        first = kernels[0] * kernels[1]
        self.convs = nn.ModuleList([conv1d(channels, widths[0], first, padding_mode="reflect")])
        for before, width in pairwise(widths):
            groups = before // CHANNELS_PER_GROUP
            conv = nn.Conv1d(before, width, 10 * stride + 1, stride, 5 * stride, groups=groups)
            self.convs.append(normalized(conv))
        self.convs.append(conv1d(widths[-1], last, kernels[0]))
        self.conv_post = conv1d(last, 1, kernels[1])

    def forward(self, x: Tensor) -> DiscriminatorOutput:
        feature_maps = []
        for conv in self.convs:
            x = leaky_relu(conv(x), MELGAN_SLOPE)
            feature_maps.append(x)
        return DiscriminatorOutput(self.conv_post(x), feature_maps)


def _widths(base: int, layers: int, factor: int, most: int) -> list[int]:
    return [min(base * factor**layer, most) for layer in range(layers + 1)]


def _fits(base: int, layers: int, factor: int, most: int) -> bool:
    widths = _widths(base, layers, factor, most)
    return base % CHANNELS_PER_GROUP == 0 and all(
        width % (before // CHANNELS_PER_GROUP) == 0 for before, width in pairwise(widths)
    )


def _check_widths(base: int, layers: int, factor: int, most: int) -> None:
    if most < CHANNELS_PER_GROUP or most % CHANNELS_PER_GROUP:
        nearest = max(most // CHANNELS_PER_GROUP, 1) * CHANNELS_PER_GROUP
        raise UserError(f"max_channels {most} must be a multiple of 4: use {nearest}")
    candidates = range(CHANNELS_PER_GROUP, most + 1, CHANNELS_PER_GROUP)
    if base in candidates and _fits(base, layers, factor, most):
        return
    valid = [each for each in candidates if _fits(each, layers, factor, most)]
    raise UserError(
        f"base_channels {base} with layers {layers} and downsampling_factor {factor} gives widths "
        f"(up to max_channels {most}) that do not split into groups of {CHANNELS_PER_GROUP} "
        f"channels: use base_channels {min(valid, key=lambda each: abs(each - base))}"
    )
