"""HiFi-GAN's multi-scale discriminator: grouped convolutions over audio at three rates.

Source: Kong, Kim and Bae 2020, "HiFi-GAN" (arXiv 2010.05646), after Kumar et al. 2019, "MelGAN".
Module names are those of github.com/jik876/hifi-gan (MIT); in its checkpoints' `msd` weights only
the spectral norm of the first scale is named differently.
"""

from collections.abc import Sequence

from torch import Tensor, nn
from torch.nn.functional import avg_pool1d, leaky_relu

from wavegan.discriminators.base import Discriminator, DiscriminatorOutput
from wavegan.errors import UserError
from wavegan.layers.blocks import HIFIGAN_SLOPE
from wavegan.layers.conv import Norm, normalized, same_padding

KERNELS = (15, 41, 41, 41, 41, 41, 5)
STRIDES = (1, 2, 2, 4, 4, 1, 1)
GROUPS = (1, 4, 16, 16, 16, 16, 1)


class MultiScale(Discriminator):
    """Scores audio `(B, C, T)` at its own rate and after each of `scales - 1` halvings.

    Per scale the logits are `(B, N)`; the feature maps are the activation of each of the seven
    layers, `(B, width, T')`, and last the logits before flattening, as published.

    Args:
        channels: audio channels, C.
        scales: number of scales; the first has spectral norm, the others weight norm.
        layer_channels: width of each of the seven layers, whose group counts are 1, 4, 16, 16,
            16, 16 and 1.

    Raises:
        UserError: a width is not a multiple of the groups of its layer or the next.
    """

    def __init__(
        self,
        *,
        channels: int = 1,
        scales: int = 3,
        layer_channels: Sequence[int] = (128, 128, 256, 512, 1024, 1024, 1024),
    ) -> None:
        super().__init__()
        if min(channels, scales) < 1:
            raise UserError(f"channels {channels} and scales {scales} must be at least 1")
        _check_widths(layer_channels)
        self.discriminators = nn.ModuleList(
            _Scale(channels, layer_channels, "weight" if scale else "spectral")
            for scale in range(scales)
        )

    def forward(self, audio: Tensor) -> list[DiscriminatorOutput]:
        """Score `(B, C, T)`; one output per scale, the full rate first."""
        outputs = []
        for scale, discriminator in enumerate(self.discriminators):
            if scale:
                audio = avg_pool1d(audio, 4, 2, padding=2)
            outputs.append(discriminator(audio))
        return outputs


class _Scale(nn.Module):
    def __init__(self, channels: int, widths: Sequence[int], norm: Norm) -> None:
        super().__init__()
        self.convs = nn.ModuleList(
            normalized(
                nn.Conv1d(before, width, kernel, stride, same_padding(kernel), groups=groups), norm
            )
            for before, width, kernel, stride, groups in zip(
                [channels, *widths[:-1]], widths, KERNELS, STRIDES, GROUPS, strict=True
            )
        )
        self.conv_post = normalized(nn.Conv1d(widths[-1], 1, 3, padding=1), norm)

    def forward(self, x: Tensor) -> DiscriminatorOutput:
        feature_maps = []
        for conv in self.convs:
            x = leaky_relu(conv(x), HIFIGAN_SLOPE)
            feature_maps.append(x)
        x = self.conv_post(x)
        feature_maps.append(x)
        return DiscriminatorOutput(x.flatten(1), feature_maps)


def _check_widths(widths: Sequence[int]) -> None:
    # A layer's groups divide both its input and its output width.
    multiples = [max(pair) for pair in zip(GROUPS, (*GROUPS[1:], 1), strict=True)]
    padded = [*widths[:7], *[16] * (7 - len(widths))]
    fitting = [max(round(w / m), 1) * m for w, m in zip(padded, multiples, strict=True)]
    if fitting != list(widths):
        raise UserError(
            f"layer_channels {list(widths)} must be 7 widths that are multiples of {multiples} "
            f"(the groups {list(GROUPS)} of the layers), such as {fitting}"
        )
