"""Convolutions whose output depends on no later input, with the weights of ordinary ones.

Source: github.com/kan-bayashi/ParallelWaveGAN (MIT), `use_causal_conv`.
"""

from torch import Tensor, nn
from torch.nn.functional import pad

from wavegan.layers.conv import PaddingMode, normalized


class CausalConv1d(nn.Conv1d):
    """A convolution that keeps the length: `(kernel - 1) * dilation` samples are put before it.

    Args:
        in_channels: of the input.
        out_channels: of the output.
        kernel_size: any.
        dilation: of the kernel.
        bias: whether there is one.
        padding_mode: what the samples put before are; "reflect" needs more samples than that,
            "circular" takes them from the end, which is not causal.
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
    """A transposed convolution by `rate`, its kernel twice as long, over this sample and the last.

    Before the first sample its copy stands in for the one that is missing.

    Args:
        in_channels: of the input.
        out_channels: of the output.
        rate: output samples for one.
        bias: whether there is one.
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
    """`CausalUpsample1d` with weight norm; `kernel_size` is 2 * `rate`, as it must be.

    Raises:
        ValueError: it is not.
    """
    if kernel_size != 2 * rate:
        raise ValueError(f"kernel_size {kernel_size} is not twice the rate {rate}")
    return normalized(CausalUpsample1d(in_channels, out_channels, rate, bias=bias))
