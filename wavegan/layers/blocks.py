"""Residual blocks of HiFi-GAN and MelGAN. All keep the shape `(B, C, T)`.

Source: Kong et al. 2020, "HiFi-GAN" (github.com/jik876/hifi-gan, MIT);
Kumar et al. 2019, "MelGAN" (github.com/descriptinc/melgan-neurips, MIT).
"""

from collections.abc import Callable, Sequence
from functools import partial

from torch import Tensor, nn
from torch.nn.functional import leaky_relu

from wavegan.layers.conv import conv1d
from wavegan.layers.fusible import activated, summed
from wavegan.layers.nonlinearity import Activation

Convolution = Callable[..., nn.Conv1d]

HIFIGAN_SLOPE = 0.1
MELGAN_SLOPE = 0.2
_HIFIGAN: Activation = partial(leaky_relu, negative_slope=HIFIGAN_SLOPE)
_MELGAN: Activation = partial(leaky_relu, negative_slope=MELGAN_SLOPE)
_REFLECTED: Convolution = partial(conv1d, padding_mode="reflect")


class ResBlock1(nn.Module):
    """HiFi-GAN's block of V1 and V2: for each dilation a dilated and a plain convolution.

    Args:
        channels: C.
        kernel_size: odd.
        dilations: one residual step each; any number.
        conv: makes each convolution, called like `wavegan.layers.conv.conv1d`.
        activation: before each convolution.
    """

    def __init__(
        self,
        channels: int,
        kernel_size: int,
        dilations: Sequence[int],
        *,
        conv: Convolution = conv1d,
        activation: Activation = _HIFIGAN,
    ) -> None:
        super().__init__()
        self.activation = activation
        self.convs1 = nn.ModuleList(
            conv(channels, channels, kernel_size, dilation=dilation) for dilation in dilations
        )
        self.convs2 = nn.ModuleList(conv(channels, channels, kernel_size) for _ in dilations)

    def forward(self, x: Tensor) -> Tensor:
        """Shape: `(B, C, T)` to the same."""
        for dilated, plain in zip(self.convs1, self.convs2, strict=True):
            x = summed(plain, activated(dilated, self.activation, self.activation(x)), x)
        return x


class ResBlock2(nn.Module):
    """HiFi-GAN's block of V3: one dilated convolution for each dilation.

    Args:
        channels: C.
        kernel_size: odd.
        dilations: one residual step each; any number.
        conv: makes each convolution, called like `wavegan.layers.conv.conv1d`.
        activation: before each convolution.
    """

    def __init__(
        self,
        channels: int,
        kernel_size: int,
        dilations: Sequence[int],
        *,
        conv: Convolution = conv1d,
        activation: Activation = _HIFIGAN,
    ) -> None:
        super().__init__()
        self.activation = activation
        self.convs = nn.ModuleList(
            conv(channels, channels, kernel_size, dilation=dilation) for dilation in dilations
        )

    def forward(self, x: Tensor) -> Tensor:
        """Shape: `(B, C, T)` to the same."""
        for conv in self.convs:
            x = summed(conv, self.activation(x), x)
        return x


def multi_receptive_field(x: Tensor, blocks: nn.ModuleList, stage: int, count: int) -> Tensor:
    """HiFi-GAN's multi-receptive field fusion: the mean of the outputs of one stage's blocks.

    Args:
        x: `(B, C, T)`, the same shape as the result.
        blocks: the blocks of all stages, one stage after the other.
        stage: number of the stage, from 0.
        count: blocks per stage.
    """
    first = stage * count
    total: Tensor = blocks[first](x)
    for index in range(first + 1, first + count):
        total = total + blocks[index](x)
    return total / count


class MelGANResidual(nn.Module):
    """One layer of MelGAN's residual stack, with a learned shortcut.

        x ─ activation ─ conv K, dilated ─ activation ─ conv 1 ─ + ─
        └──────────────────────── conv 1 ────────────────────────┘

    In the original K is 3, borders are reflected, and the activation is LeakyReLU with slope 0.2.

    Args:
        channels: C.
        dilation: of the kernel; with reflected borders T must exceed the padding.
        kernel_size: K.
        conv: makes each convolution, called like `wavegan.layers.conv.conv1d`.
        activation: before each convolution except the shortcut.
    """

    def __init__(
        self,
        channels: int,
        dilation: int,
        *,
        kernel_size: int = 3,
        conv: Convolution = _REFLECTED,
        activation: Activation = _MELGAN,
    ) -> None:
        super().__init__()
        self.activation = activation
        self.conv1 = conv(channels, channels, kernel_size, dilation=dilation)
        self.conv2 = conv(channels, channels, 1)
        self.shortcut = conv(channels, channels, 1)

    def forward(self, x: Tensor) -> Tensor:
        """Shape: `(B, C, T)` to the same."""
        step = activated(self.conv1, self.activation, self.activation(x))
        return summed(self.conv2, step, self.shortcut(x))
