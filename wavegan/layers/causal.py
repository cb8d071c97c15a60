"""Causal convolutions, with the same weights as ordinary ones.

Source: github.com/kan-bayashi/ParallelWaveGAN (MIT), `use_causal_conv`.
"""

from torch import Tensor, nn
from torch.nn.functional import pad

from wavegan.layers.conv import PaddingMode, normalized


class CausalConv1d(nn.Conv1d):
    """A convolution that keeps the length: `(kernel - 1) * dilation` samples are padded before.

    Args:
        in_channels: of the input.
        out_channels: of the output.
        kernel_size: odd or even.
        dilation: of the kernel.
        bias: whether it has a bias.
        padding_mode: how to pad; "reflect" needs an input longer than the padding, "circular" takes
            samples from the end, which is not causal.
    """

    def __init__(
        self,
        in_channels: int,
        out_channels: int,
        kernel_size: int,
        *,
        dilation: int = 1,
        bias: bool = True,
        padding_mode: PaddingMode = "zeros",
    ) -> None:
        super().__init__(in_channels, out_channels, kernel_size, dilation=dilation, bias=bias)
        self.before = (kernel_size - 1) * dilation
        self.fill = "constant" if padding_mode == "zeros" else padding_mode

    def forward(self, x: Tensor) -> Tensor:
        """Shape: `(B, in_channels, T)` to `(B, out_channels, T)`."""
        return super().forward(pad(x, (self.before, 0), self.fill) if self.before else x)


class CausalUpsample1d(nn.ConvTranspose1d):
    """A transposed convolution by `rate` over the current and the previous sample.

    The kernel has `2 * rate` samples. The first sample is repeated as its own predecessor.

    Args:
        in_channels: of the input.
        out_channels: of the output.
        rate: output samples per input sample.
        bias: whether it has a bias.
    """

    def __init__(
        self, in_channels: int, out_channels: int, rate: int, *, bias: bool = True
    ) -> None:
        super().__init__(in_channels, out_channels, 2 * rate, rate, bias=bias)
        self.rate = rate

    def forward(self, x: Tensor, output_size: list[int] | None = None) -> Tensor:
        """Shape: `(B, in_channels, T)` to `(B, out_channels, T * rate)`."""
        spread = super().forward(pad(x, (1, 0), "replicate"), output_size)
        return spread[..., self.rate : -self.rate]


def causal_conv1d(
    in_channels: int,
    out_channels: int,
    kernel_size: int,
    *,
    dilation: int = 1,
    bias: bool = True,
    padding_mode: PaddingMode = "zeros",
) -> nn.Conv1d:
    """`CausalConv1d` with weight norm."""
    return normalized(
        CausalConv1d(
            in_channels,
            out_channels,
            kernel_size,
            dilation=dilation,
            bias=bias,
            padding_mode=padding_mode,
        )
    )


def causal_upsample1d(
    in_channels: int, out_channels: int, kernel_size: int, rate: int, *, bias: bool = True
) -> nn.ConvTranspose1d:
    """`CausalUpsample1d` with weight norm; `kernel_size` must be 2 * `rate`.

    Raises:
        ValueError: it is not.
    """
    if kernel_size != 2 * rate:
        raise ValueError(f"kernel_size {kernel_size} is not twice the rate {rate}")
    return normalized(CausalUpsample1d(in_channels, out_channels, rate, bias=bias))
