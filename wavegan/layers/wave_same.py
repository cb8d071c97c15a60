"""Convolutions with TensorFlow's "SAME" alignment, padded with zeros or wrapped around.

A kernel exceeds its stride by `max(kernel_size - stride, 0)` samples: half of them (rounded down)
are before it, the rest after it. A transposed convolution is cut by the same margins, which
PyTorch's `padding` and `output_padding` cannot do if their sum is odd. Weights start as in
TensorFlow: Glorot and Bengio 2010, uniform, with zero biases.
"""

from typing import Literal

import torch
from torch import Tensor, nn
from torch.nn.functional import conv1d, conv_transpose1d, interpolate, pad

from wavegan.errors import UserError

Upsample = Literal["transposed", "nearest", "linear"]


def margins(kernel_size: int, stride: int) -> tuple[int, int]:
    """How many samples a kernel reaches before and after its `stride` samples."""
    overlap = max(kernel_size - stride, 0)
    return overlap // 2, overlap - overlap // 2


def wrapped(x: Tensor, before: int, behind: int) -> Tensor:
    """Pad `(B, C, T)` periodically, also by more than its length."""
    place = torch.arange(-before, x.shape[-1] + behind, device=x.device)
    return x[..., place % x.shape[-1]]


def start_as_tensorflow(layer: nn.Conv1d | nn.ConvTranspose1d | nn.Linear) -> None:
    """Initialise a layer with Glorot's uniform distribution and zero bias."""
    nn.init.xavier_uniform_(layer.weight)
    if layer.bias is not None:
        nn.init.zeros_(layer.bias)


class SameConv1d(nn.Conv1d):
    """A convolution whose output length is the input length divided by `stride`.

    Args:
        in_channels: of the input.
        out_channels: of the output; a multiple of `groups`.
        kernel_size: samples, odd or even.
        stride: a divisor of the length of the input.
        bias: whether it has a bias.
        groups: as in `torch.nn.Conv1d`.

    Shape: `(B, in_channels, T)` to `(B, out_channels, T / stride)`.
    """

    def __init__(
        self,
        in_channels: int,
        out_channels: int,
        kernel_size: int,
        stride: int = 1,
        *,
        bias: bool = True,
        groups: int = 1,
    ) -> None:
        super().__init__(in_channels, out_channels, kernel_size, stride, bias=bias, groups=groups)
        self.margins = margins(kernel_size, stride)
        start_as_tensorflow(self)

    def forward(self, x: Tensor, wrap: bool = False) -> Tensor:
        """Convolve `(B, in_channels, T)`; `wrap`: wrap around, else pad with zeros."""
        x = wrapped(x, *self.margins) if wrap else pad(x, self.margins)
        return conv1d(x, self.weight, self.bias, self.stride, groups=self.groups)


class SameUpsample1d(nn.Module):
    """Upsamples by `rate`: a transposed convolution, or interpolation and a convolution.

    Args:
        in_channels: of the input.
        out_channels: of the output.
        kernel_size: at the output's rate; not below `rate`.
        rate: output samples per input sample.
        mode: "transposed"; or "nearest" (repeats each sample) or "linear" (interpolates, and
            repeats the outermost samples at the borders), followed by a convolution.

    Shape: `(B, in_channels, T)` to `(B, out_channels, T * rate)`.

    Raises:
        UserError: the kernel is shorter than the rate, so some samples would be empty.
    """

    def __init__(
        self,
        in_channels: int,
        out_channels: int,
        kernel_size: int,
        rate: int,
        mode: Upsample = "transposed",
    ) -> None:
        super().__init__()
        if kernel_size < rate:
            raise UserError(f"kernel_size {kernel_size} is below stride {rate}: use {rate} or more")
        self.rate = rate
        self.mode = mode
        self.conv: nn.ConvTranspose1d | SameConv1d
        if mode == "transposed":
            self.conv = nn.ConvTranspose1d(in_channels, out_channels, kernel_size, rate)
            self.before = margins(kernel_size, rate)[0]
            self.reach = -(-kernel_size // rate)
            start_as_tensorflow(self.conv)
        else:
            self.conv = SameConv1d(in_channels, out_channels, kernel_size)

    def forward(self, x: Tensor, wrap: bool = False) -> Tensor:
        """Upsample `(B, in_channels, T)`; `wrap`: wrap around at the borders.

        Returns:
            `(B, out_channels, T * rate)`.
        """
        if isinstance(self.conv, SameConv1d):
            convolved: Tensor = self.conv(self._stretched(x, wrap), wrap)
            return convolved
        around = self.reach if wrap else 0
        upsampled = conv_transpose1d(
            wrapped(x, around, around) if wrap else x,
            self.conv.weight,
            self.conv.bias,
            self.rate,
            padding=self.before,
        )
        return upsampled.narrow(-1, around * self.rate, x.shape[-1] * self.rate)

    def _stretched(self, x: Tensor, wrap: bool) -> Tensor:
        if self.mode == "nearest":
            return x.repeat_interleave(self.rate, -1)
        around = int(wrap)
        x = wrapped(x, around, around)
        lines = interpolate(x, scale_factor=float(self.rate), mode="linear")
        return lines.narrow(-1, around * self.rate, lines.shape[-1] - 2 * around * self.rate)
