"""MelGAN's multi-scale discriminator: the same window discriminator at three rates.

Source: Kumar et al. 2019, "MelGAN" (arXiv 1910.06711), as in
github.com/descriptinc/melgan-neurips (MIT). `max_channels` and `kernel_sizes` are options of
github.com/kan-bayashi/ParallelWaveGAN (MIT), whose multi-band MelGAN has a narrower one.
"""

from collections.abc import Sequence

from torch import Tensor, nn
from torch.nn.functional import avg_pool1d

from wavegan.discriminators._window_discriminator import (
    CHANNELS_PER_GROUP,
    WindowDiscriminator,
    are_two_odd,
    splits_into_groups,
)
from wavegan.discriminators.base import Discriminator, DiscriminatorOutput
from wavegan.errors import UserError
from wavegan.layers.blocks import MELGAN_SLOPE
from wavegan.layers.nonlinearity import activation_function
from wavegan.layers.normalize_all import normalize_all


class MelGANMultiScale(Discriminator):
    """Scores audio `(B, C, T)` at its own rate and after each of `scales - 1` halvings.

    Per scale the logits are `(B, 1, N)`; the feature maps are the activation of every layer,
    `(B, width, T')`, without the logits, as published. Borders are reflected, so the lowest rate
    needs more samples than half of the first kernel, 7.

    Args:
        channels: audio channels, C.
        scales: number of scales.
        base_channels: width of the first layer, a multiple of 4.
        layers: downsampling layers per scale; each multiplies the width by
            `downsampling_factor`, up to `max_channels`.
        downsampling_factor: stride of these layers; their kernel is ten times that plus one.
        max_channels: maximum width of a layer.
        kernel_sizes: two odd kernels of the last two layers; their product is the first kernel.

    Raises:
        UserError: options contradict each other.
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
        if not are_two_odd(kernel_sizes):
            raise UserError(
                f"kernel_sizes {list(kernel_sizes)} must be two odd numbers, such as [5, 3]"
            )
        _check_widths(base_channels, layers, downsampling_factor, max_channels)
        self.discriminators = nn.ModuleList(
            WindowDiscriminator(
                channels,
                kernel_sizes=kernel_sizes,
                base_channels=base_channels,
                max_channels=max_channels,
                rates=[downsampling_factor] * layers,
                activation=activation_function("leaky_relu", MELGAN_SLOPE),
            )
            for _ in range(scales)
        )
        normalize_all(self)

    def forward(self, audio: Tensor) -> list[DiscriminatorOutput]:
        """Score `(B, C, T)`; one output per scale, the full rate first."""
        outputs = []
        for scale, discriminator in enumerate(self.discriminators):
            if scale:
                audio = avg_pool1d(audio, 4, 2, padding=1, count_include_pad=False)
            outputs.append(discriminator(audio))
        return outputs


def _check_widths(base: int, layers: int, factor: int, most: int) -> None:
    if most < CHANNELS_PER_GROUP or most % CHANNELS_PER_GROUP:
        nearest = max(most // CHANNELS_PER_GROUP, 1) * CHANNELS_PER_GROUP
        raise UserError(f"max_channels {most} must be a multiple of 4: use {nearest}")
    candidates = range(CHANNELS_PER_GROUP, most + 1, CHANNELS_PER_GROUP)
    valid = [each for each in candidates if splits_into_groups(each, most, [factor] * layers)]
    if base not in valid:
        raise UserError(
            f"base_channels {base} with layers {layers} and downsampling_factor {factor} gives "
            f"widths (up to max_channels {most}) that do not split into groups of "
            f"{CHANNELS_PER_GROUP} channels: use base_channels "
            f"{min(valid, key=lambda each: abs(each - base))}"
        )
