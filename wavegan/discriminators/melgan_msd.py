"""MelGAN's multi-scale discriminator: the same window-based judge at three rates.

Source: Kumar et al. 2019, "MelGAN" (arXiv 1910.06711), in the shape of
github.com/descriptinc/melgan-neurips (MIT).
"""

from itertools import pairwise

from torch import Tensor, nn
from torch.nn.functional import avg_pool1d, leaky_relu

from wavegan.discriminators.base import Discriminator, DiscriminatorOutput
from wavegan.errors import UserError
from wavegan.layers.blocks import MELGAN_SLOPE
from wavegan.layers.conv import conv1d, normalized

MOST_CHANNELS = 1024
CHANNELS_PER_GROUP = 4


class MelGANMultiScale(Discriminator):
    """Judges audio `(B, C, T)` as it is and after each of `scales - 1` halvings of its rate.

    Per scale the logits are `(B, 1, N)`; the feature maps are the activation of every layer,
    `(B, width, T')`, without the logits, as published. Borders are reflected: at the lowest rate
    more than 7 samples must be left.

    Args:
        channels: audio channels, C.
        scales: how many.
        base_channels: width of the first layer, a multiple of 4.
        layers: downsampling layers of each judge; each multiplies the width by
            `downsampling_factor` up to 1024.
        downsampling_factor: stride of these layers; their kernel is ten times that and one.

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
    ) -> None:
        super().__init__()
        if min(channels, scales) < 1:
            raise UserError(f"channels {channels} and scales {scales} must be at least 1")
        if min(layers, downsampling_factor) < 1:
            raise UserError(
                f"layers {layers} and downsampling_factor {downsampling_factor} must be at least 1"
            )
        _check_widths(base_channels, layers, downsampling_factor)
        self.discriminators = nn.ModuleList(
            _Scale(
                channels, _widths(base_channels, layers, downsampling_factor), downsampling_factor
            )
            for _ in range(scales)
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
    def __init__(self, channels: int, widths: list[int], stride: int) -> None:
        super().__init__()
        self.convs = nn.ModuleList([conv1d(channels, widths[0], 15, padding_mode="reflect")])
        for before, width in pairwise(widths):
            groups = before // CHANNELS_PER_GROUP
            conv = nn.Conv1d(before, width, 10 * stride + 1, stride, 5 * stride, groups=groups)
            self.convs.append(normalized(conv))
        last = min(2 * widths[-1], MOST_CHANNELS)
        self.convs.append(conv1d(widths[-1], last, 5))
        self.conv_post = conv1d(last, 1, 3)

    def forward(self, x: Tensor) -> DiscriminatorOutput:
        feature_maps = []
        for conv in self.convs:
            x = leaky_relu(conv(x), MELGAN_SLOPE)
            feature_maps.append(x)
        return DiscriminatorOutput(self.conv_post(x), feature_maps)


def _widths(base: int, layers: int, factor: int) -> list[int]:
    return [min(base * factor**layer, MOST_CHANNELS) for layer in range(layers + 1)]


def _fits(base: int, layers: int, factor: int) -> bool:
    widths = _widths(base, layers, factor)
    return base % CHANNELS_PER_GROUP == 0 and all(
        width % (before // CHANNELS_PER_GROUP) == 0 for before, width in pairwise(widths)
    )


def _check_widths(base: int, layers: int, factor: int) -> None:
    candidates = range(CHANNELS_PER_GROUP, MOST_CHANNELS + 1, CHANNELS_PER_GROUP)
    if base in candidates and _fits(base, layers, factor):
        return
    valid = [each for each in candidates if _fits(each, layers, factor)]
    raise UserError(
        f"base_channels {base} with layers {layers} and downsampling_factor {factor} gives widths "
        f"that do not split into groups of {CHANNELS_PER_GROUP} channels: use base_channels "
        f"{min(valid, key=lambda each: abs(each - base))}"
    )
