"""Modulated convolutions: a style scales the input channels, and the output is demodulated.

Source: Karras et al. 2020, "Analyzing and Improving the Image Quality of StyleGAN" (arXiv
1912.04958), section 2.2, in the shape of github.com/NVlabs/stylegan2-ada-pytorch (NVIDIA Source
Code License). Of its two variants this is the one that scales activations, not weights: the batch
shares the weights, and the style may change from sample to sample.
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
    """A convolution whose input channels are scaled by a style.

        style ─ dense ─ scale ─┬───────────────── demodulation
        x ──────────────────── · ─ convolution ─ · ─

    Demodulation divides each output channel by the deviation it would have if the unscaled input
    were white noise of deviation 1. Scales and demodulation are computed in float32.

    Args:
        in_channels: C.
        out_channels: C'.
        kernel_size: odd.
        style_dim: S.
        demodulate: False: the style determines the level of the output.
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
            style: `(B, W, S)`, one for each window of a walk.
            share: `(W, T)`, weight of each window's style at each sample; None if W is 1.
            wrap: wrap around at the borders; else pad with zeros.

        Returns:
            `(B, C', T)`.
        """
        weight = self.weight * self.scale
        with torch.autocast(x.device.type, enabled=False):
            each = self.affine(style.float())
            # (B, T or 1, C): channels-last in memory, like the output of `convolve`
            scale = each if share is None else share.t() @ each
            power = linear(scale.square(), weight.square().sum(2))
        y = convolve(x * scale.transpose(1, 2).to(x.dtype), weight, wrap=wrap)
        if not self.demodulate:
            return y
        return y * (power + 1e-8).rsqrt().transpose(1, 2).to(y.dtype)


class StyledConv1d(nn.Module):
    """A modulated convolution, noise, a bias and a leaky ReLU; it may upsample.

    Upsampling is learned or filtered. Learned: a convolution of three positions makes `rate`
    samples from each (Shi et al. 2016, "Real-Time Single Image and Video Super-Resolution", arXiv
    1609.05158). Filtered: a low-pass filter follows the convolution at the lower rate.

    Args:
        in_channels: C.
        out_channels: C'.
        kernel_size: odd.
        style_dim: S.
        rate: output samples per input sample.
        filtered: whether upsampling is filtered or learned.
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
        conv_channels = out_channels
        if rate > 1 and filtered:
            self.resample = Upsample(rate)
        elif rate > 1:
            conv_channels, kernel_size = out_channels * rate, 3
        self.conv = ModulatedConv1d(in_channels, conv_channels, kernel_size, style_dim)
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
        # `strength * noise` as a separate product would not have the memory format of x
        x = torch.addcmul(x + bias, noise.to(x.dtype), strength)
        # the gain keeps the mean square of white noise after the activation to 4 percent
        return leaky_relu(x, SLOPE) * math.sqrt(2)
