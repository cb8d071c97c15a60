"""Residual blocks of HiFi-GAN and MelGAN. All keep the shape `(B, C, T)`.

Source: Kong et al. 2020, "HiFi-GAN" (github.com/jik876/hifi-gan, MIT);
Kumar et al. 2019, "MelGAN" (github.com/descriptinc/melgan-neurips, MIT).
"""

from collections.abc import Sequence

from torch import Tensor, nn
from torch.nn.functional import leaky_relu

from wavegan.layers.conv import conv1d

HIFIGAN_SLOPE = 0.1
MELGAN_SLOPE = 0.2


class ResBlock1(nn.Module):
    """HiFi-GAN's block of V1 and V2: for each dilation a dilated and a plain convolution.

    Args:
        channels: C.
        kernel_size: odd.
        dilations: one residual step each; any number.
    """

    def __init__(self, channels: int, kernel_size: int, dilations: Sequence[int]) -> None:
        super().__init__()
        self.convs1 = nn.ModuleList(
            conv1d(channels, channels, kernel_size, dilation=dilation) for dilation in dilations
        )
        self.convs2 = nn.ModuleList(conv1d(channels, channels, kernel_size) for _ in dilations)

    def forward(self, x: Tensor) -> Tensor:
        """Shape: `(B, C, T)` to the same."""
        for dilated, plain in zip(self.convs1, self.convs2, strict=True):
            step = dilated(leaky_relu(x, HIFIGAN_SLOPE))
            x = x + plain(leaky_relu(step, HIFIGAN_SLOPE))
        return x


class ResBlock2(nn.Module):
    """HiFi-GAN's block of V3: one dilated convolution for each dilation.

    Args:
        channels: C.
        kernel_size: odd.
        dilations: one residual step each; any number.
    """

    def __init__(self, channels: int, kernel_size: int, dilations: Sequence[int]) -> None:
        super().__init__()
        self.convs = nn.ModuleList(
            conv1d(channels, channels, kernel_size, dilation=dilation) for dilation in dilations
        )

    def forward(self, x: Tensor) -> Tensor:
        """Shape: `(B, C, T)` to the same."""
        for conv in self.convs:
            x = x + conv(leaky_relu(x, HIFIGAN_SLOPE))
        return x


class MelGANResidual(nn.Module):
    """One layer of MelGAN's residual stack, with a learned shortcut.

        x ─ LeakyReLU ─ conv 3, dilated ─ LeakyReLU ─ conv 1 ─ + ─
        └────────────────────── conv 1 ───────────────────────┘

    Args:
        channels: C.
        dilation: of the kernel of 3, and the reflected samples on each side: T must exceed it.
    """

    def __init__(self, channels: int, dilation: int) -> None:
        super().__init__()
        self.conv1 = conv1d(channels, channels, 3, dilation=dilation, padding_mode="reflect")
        self.conv2 = conv1d(channels, channels, 1)
        self.shortcut = conv1d(channels, channels, 1)

    def forward(self, x: Tensor) -> Tensor:
        """Shape: `(B, C, T)` to the same."""
        step = self.conv1(leaky_relu(x, MELGAN_SLOPE))
        step = self.conv2(leaky_relu(step, MELGAN_SLOPE))
        return self.shortcut(x) + step  # type: ignore[no-any-return]
