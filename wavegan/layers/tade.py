"""StyleMelGAN's TADE blocks: the mel scales and shifts normalised features, sample by sample.

Source: Mustafa, Pia and Fuchs 2021, "StyleMelGAN" (arXiv 2011.01557), in the shape of
github.com/kan-bayashi/ParallelWaveGAN (MIT). TADE is temporal adaptive denormalisation.
"""

from typing import Literal

import torch
from torch import Tensor, nn
from torch.nn.functional import interpolate

from wavegan.errors import UserError
from wavegan.layers.conv import same_padding

Mode = Literal["nearest", "nearest-exact", "linear", "area"]
Gate = Literal["softmax", "sigmoid"]


class TADE(nn.Module):
    """Upsamples features and condition, and modulates the features by the condition.

        condition ─ stretch ─ conv ─┬──────────────── condition
                                    └─ conv ─ scale, shift
        x ─ instance norm ─ stretch ─────── · ───── + ─

    Args:
        channels: C.
        condition_channels: M.
        kernel_size: of both convolutions; odd.
        rate: output samples per input sample.
        mode: interpolation mode.
        bias: whether both convolutions have a bias.
    """

    def __init__(
        self,
        channels: int,
        condition_channels: int,
        *,
        kernel_size: int,
        rate: int,
        mode: Mode,
        bias: bool,
    ) -> None:
        super().__init__()
        self.rate, self.mode = rate, mode
        self.norm = nn.InstanceNorm1d(channels)
        padding = same_padding(kernel_size)
        self.condition = nn.Conv1d(
            condition_channels, channels, kernel_size, padding=padding, bias=bias
        )
        self.modulation = nn.Conv1d(channels, 2 * channels, kernel_size, padding=padding, bias=bias)

    def forward(self, x: Tensor, condition: Tensor) -> tuple[Tensor, Tensor]:
        """Shape: `(B, C, T)` and `(B, M, T)` to twice `(B, C, T * rate)`."""
        condition = self.condition(stretch(condition, self.rate, self.mode))
        scale, shift = self.modulation(condition).chunk(2, dim=1)
        return scale * stretch(self.norm(x), self.rate, self.mode) + shift, condition


class TADEResBlock(nn.Module):
    """Two TADE layers, each followed by a gated convolution, and an upsampled shortcut.

    Args:
        channels: C.
        condition_channels: M.
        kernel_size: of all convolutions; odd.
        dilation: of the second gated convolution.
        rate: upsampling factor of the second TADE layer.
        mode: interpolation mode.
        gate: "softmax" over the channels or "sigmoid".
        bias: whether all convolutions have a bias.

    Raises:
        UserError: the kernel is even, or a number is below 1.
    """

    def __init__(
        self,
        channels: int,
        condition_channels: int,
        *,
        kernel_size: int = 9,
        dilation: int = 2,
        rate: int = 2,
        mode: Mode = "nearest",
        gate: Gate = "softmax",
        bias: bool = True,
    ) -> None:
        super().__init__()
        if kernel_size < 1 or kernel_size % 2 == 0 or dilation < 1:
            raise UserError(
                f"kernel_size {kernel_size} must be odd and dilation {dilation} at least 1: use "
                f"{max(kernel_size - 1 + kernel_size % 2, 1)} and {max(dilation, 1)}"
            )
        self.rate, self.mode, self.gate = rate, mode, gate
        ends = (channels, 2 * channels, kernel_size)
        self.tade1 = TADE(
            channels, condition_channels, kernel_size=kernel_size, rate=1, mode=mode, bias=bias
        )
        self.conv1 = nn.Conv1d(*ends, padding=same_padding(kernel_size), bias=bias)
        self.tade2 = TADE(
            channels, channels, kernel_size=kernel_size, rate=rate, mode=mode, bias=bias
        )
        self.conv2 = nn.Conv1d(
            *ends, padding=same_padding(kernel_size, dilation), dilation=dilation, bias=bias
        )

    def forward(self, x: Tensor, condition: Tensor) -> tuple[Tensor, Tensor]:
        """Shape: `(B, C, T)` and `(B, M, T)` to twice `(B, C, T * rate)`."""
        step, condition = self.tade1(x, condition)
        step, condition = self.tade2(self._gated(self.conv1(step)), condition)
        return stretch(x, self.rate, self.mode) + self._gated(self.conv2(step)), condition

    def _gated(self, both: Tensor) -> Tensor:
        gate, signal = both.chunk(2, dim=1)
        opened = gate.softmax(dim=1) if self.gate == "softmax" else gate.sigmoid()
        return opened * torch.tanh(signal)


def stretch(x: Tensor, rate: int, mode: Mode) -> Tensor:
    """Shape: `(B, C, T)` to `(B, C, T * rate)`."""
    return x if rate == 1 else interpolate(x, scale_factor=float(rate), mode=mode)
