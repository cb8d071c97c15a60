"""Modulated convolutions: a style scales what a convolution is given, and its output is evened out.

Source: Karras et al. 2020, "Analyzing and Improving the Image Quality of StyleGAN" (arXiv
1912.04958), section 2.2, in the shape of github.com/NVlabs/stylegan2-ada-pytorch (NVIDIA Source
Code License). Of its two forms this is the one that scales activations: the weights are those of
the whole batch, and a style may differ from sample to sample.
"""

import math
from collections.abc import Callable

import torch
from torch import Tensor, nn
from torch.nn.functional import leaky_relu, linear

from wavegan.layers.antialias_resample import Upsample
from wavegan.layers.equalized import EqualLinear, convolve, interleaved

SLOPE = 0.2


class ModulatedConv1d(nn.Module):
    """A convolution whose input channels a style scales.

        style ─ dense ─ scale ─┬───────────────── demodulation
        x ──────────────────── · ─ convolution ─ · ─

    Demodulation divides each output channel by the deviation it would have if the unscaled input
    were white noise of deviation 1. Scales and demodulation are computed in float32.

    Args:
        in_channels: C.
        out_channels: C'.
        kernel_size: odd.
        style_dim: S.
        demodulate: False: the output is as loud as the style makes it.
    """

    def __init__(
        self,
        in_channels: int,
        out_channels: int,
        kernel_size: int,
        style_dim: int,
        *,
        demodulate: bool = True,
    ) -> None:
        super().__init__()
        self.affine = EqualLinear(style_dim, in_channels, bias=1.0)
        self.weight = nn.Parameter(torch.randn(out_channels, in_channels, kernel_size))
        self.scale = 1 / math.sqrt(in_channels * kernel_size)
        self.demodulate = demodulate

    def forward(
        self, x: Tensor, style: Tensor, share: Tensor | None = None, wrap: bool = False
    ) -> Tensor:
        """Convolve.

        Args:
            x: `(B, C, T)`.
            style: `(B, W, S)`, of each window of a walk.
            share: `(W, T)`, how much of each window's style there is where; None where W is 1.
            wrap: as a loop; else zeros lie beyond the borders.

        Returns:
            `(B, C', T)`.
        """
        weight = self.weight * self.scale
        with torch.autocast(x.device.type, enabled=False):
            each = self.affine(style.float())
            # (B, T or 1, C): channels lie next to each other in memory, as `convolve` leaves them
            scale = each if share is None else share.t() @ each
            power = linear(scale.square(), weight.square().sum(2))
        made = convolve(x * scale.transpose(1, 2).to(x.dtype), weight, wrap=wrap)
        if not self.demodulate:
            return made
        return made * (power + 1e-8).rsqrt().transpose(1, 2).to(made.dtype)


class StyledConv1d(nn.Module):
    """A modulated convolution, noise, a bias and a leaky ReLU, which may raise the rate.

    "learned": the convolution, three positions wide, makes `rate` samples of each (Shi et al. 2016,
    "Real-Time Single Image and Video Super-Resolution", arXiv 1609.05158). "filtered": the
    convolution works at the lower rate and a low pass follows.

    Args:
        in_channels: C.
        out_channels: C'.
        kernel_size: odd.
        style_dim: S.
        rate: samples made of one.
        filtered: which of the two.
    """

    def __init__(
        self,
        in_channels: int,
        out_channels: int,
        kernel_size: int,
        style_dim: int,
        *,
        rate: int = 1,
        filtered: bool = False,
    ) -> None:
        super().__init__()
        self.resample: Callable[[Tensor, bool], Tensor] | None = None
        self.rate = rate
        made = out_channels
        if rate > 1 and filtered:
            self.resample = Upsample(rate)
        elif rate > 1:
            made, kernel_size = out_channels * rate, 3
        self.conv = ModulatedConv1d(in_channels, made, kernel_size, style_dim)
        self.noise_strength = nn.Parameter(torch.zeros(out_channels, 1))
        self.bias = nn.Parameter(torch.zeros(out_channels, 1))

    def forward(
        self, x: Tensor, style: Tensor, noise: Tensor, share: Tensor | None, wrap: bool
    ) -> Tensor:
        """As `ModulatedConv1d.forward`, with noise `(B, 1, T * rate)`.

        Returns:
            `(B, C', T * rate)`.
        """
        x = self.conv(x, style, share, wrap)
        if self.resample is not None:
            x = self.resample(x, wrap).to(x.dtype)
        elif self.rate > 1:
            x = interleaved(x, self.rate)
        bias, strength = self.bias.to(x.dtype), self.noise_strength.to(x.dtype)
        # not `strength * noise` first: that product would not lie in memory as x does
        x = torch.addcmul(x + bias, noise.to(x.dtype), strength)
        # the gain keeps the mean square of white noise through the activation, but for 4 percent
        return leaky_relu(x, SLOPE) * math.sqrt(2)
