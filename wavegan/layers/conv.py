"""Convolutions with weight norm, as GAN vocoders use them.

Weight norm is `torch.nn.utils.parametrizations.weight_norm`, which also loads checkpoints with
the older `weight_g` / `weight_v` keys.

Weights start at torch's default values. HiFi-GAN and MelGAN specify N(0, 0.01) and N(0, 0.02), but
their code writes these into a tensor that weight norm recomputes before use, without any effect.
Using them in fact makes HiFi-GAN's first output hundreds of times quieter and its training slower.

Source: Kong et al. 2020, "HiFi-GAN"; Kumar et al. 2019, "MelGAN".
"""

from typing import Literal, TypeVar

from torch import nn
from torch.nn.utils.parametrizations import spectral_norm, weight_norm

Module = TypeVar("Module", bound=nn.Module)
Norm = Literal["weight", "spectral"]
PaddingMode = Literal["zeros", "reflect", "replicate", "circular"]


def same_padding(kernel_size: int, dilation: int = 1) -> int:
    """Padding in samples that keeps the length at stride 1; the kernel must be odd."""
    return dilation * (kernel_size - 1) // 2


def normalized(conv: Module, norm: Norm = "weight") -> Module:
    """Put weight norm or spectral norm on a convolution.

    Args:
        conv: the convolution, changed in place.
        norm: which of the two.

    Returns:
        The same convolution.
    """
    if norm == "spectral":
        spectral_norm(conv)
    else:
        weight_norm(conv)
    return conv


def conv1d(
    in_channels: int,
    out_channels: int,
    kernel_size: int,
    *,
    dilation: int = 1,
    bias: bool = True,
    padding_mode: PaddingMode = "zeros",
) -> nn.Conv1d:
    """A weight-normalized convolution that keeps the length (odd kernels).

    Shape: `(B, in_channels, T)` to `(B, out_channels, T)`.
    """
    padding = same_padding(kernel_size, dilation)
    conv = nn.Conv1d(
        in_channels,
        out_channels,
        kernel_size,
        dilation=dilation,
        padding=padding,
        bias=bias,
        padding_mode=padding_mode if padding else "zeros",
    )
    return normalized(conv)


def upsample1d(
    in_channels: int,
    out_channels: int,
    kernel_size: int,
    rate: int,
    *,
    bias: bool = True,
) -> nn.ConvTranspose1d:
    """A weight-normalized transposed convolution that multiplies the length by exactly `rate`.

    If `kernel_size - rate` is odd, one more sample is cut on both sides and one is added at the
    end, as in MelGAN.

    Shape: `(B, in_channels, T)` to `(B, out_channels, T * rate)`; `kernel_size >= rate`, and the
    difference is even at rate 1.
    """
    odd = (kernel_size - rate) % 2
    conv = nn.ConvTranspose1d(
        in_channels,
        out_channels,
        kernel_size,
        stride=rate,
        padding=(kernel_size - rate) // 2 + odd,
        output_padding=odd,
        bias=bias,
    )
    return normalized(conv)
