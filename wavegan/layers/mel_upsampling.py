"""Upsample a mel to the rate of the audio, by repeated interpolation and smoothing.

Source: Yamamoto, Song and Kim 2020, "Parallel WaveGAN" (arXiv 1910.11480), in the shape of
github.com/kan-bayashi/ParallelWaveGAN (MIT): its `UpsampleNetwork` and `ConvInUpsampleNetwork`.
"""

import math
from collections.abc import Sequence
from typing import Literal

from torch import Tensor, nn
from torch.nn.functional import interpolate, pad

from wavegan.errors import UserError
from wavegan.layers.nonlinearity import Activation
from wavegan.layers.wavenet import he_conv1d

Interpolation = Literal["nearest", "nearest-exact", "bilinear", "bicubic", "area"]


class MelUpsampling(nn.Module):
    """Turns `(B, n_mels, L)` into `(B, n_mels, L * rate)`, `rate` the product of `rates`.

    For each rate the mel is interpolated in time and convolved (in two dimensions) with one small
    kernel, initially a mean. Without rates the mel is returned unchanged.

    Args:
        rates: upsampling factor of each stage.
        activation: after each convolution, or None.
        mode: interpolation mode, as in `torch.nn.functional.interpolate`.
        freq_axis_kernel_size: bands that a kernel covers; odd.
        causal: smooth only with the past.

    Raises:
        UserError: `freq_axis_kernel_size` is even.
    """

    def __init__(
        self,
        rates: Sequence[int],
        *,
        activation: Activation | None = None,
        mode: Interpolation = "nearest",
        freq_axis_kernel_size: int = 1,
        causal: bool = False,
    ) -> None:
        super().__init__()
        if freq_axis_kernel_size < 1 or freq_axis_kernel_size % 2 == 0:
            raise UserError(
                f"freq_axis_kernel_size {freq_axis_kernel_size} must be odd and positive: use "
                f"{max(freq_axis_kernel_size + 1, 1)}"
            )
        self.rates, self.mode, self.causal = list(rates), mode, causal
        self.activation = activation
        self.convs = nn.ModuleList()
        for rate in rates:
            kernel = (freq_axis_kernel_size, 2 * rate + 1)
            padding = (freq_axis_kernel_size // 2, 0 if causal else rate)
            conv = nn.Conv2d(1, 1, kernel, padding=padding, bias=False)
            nn.init.constant_(conv.weight, 1 / math.prod(kernel))
            self.convs.append(conv)

    def forward(self, mel: Tensor) -> Tensor:
        """Shape: `(B, n_mels, L)` to `(B, n_mels, L * rate)`."""
        x = mel[:, None]
        for rate, conv in zip(self.rates, self.convs, strict=True):
            x = interpolate(x, scale_factor=(1.0, float(rate)), mode=self.mode)
            x = conv(pad(x, (2 * rate, 0)) if self.causal else x)
            if self.activation is not None:
                x = self.activation(x)
        return x[:, 0]


class FrameContext(nn.Module):
    """Mixes each frame with its neighbours; borders repeat the outermost frame.

    Args:
        n_mels: bands, M.
        frames: neighbours on each side, or only before it if `causal`.
        causal: do not use later frames.
    """

    def __init__(self, n_mels: int, frames: int, *, causal: bool = False) -> None:
        super().__init__()
        self.border = (frames, 0 if causal else frames)
        self.conv = he_conv1d(n_mels, n_mels, sum(self.border) + 1, bias=False)

    def forward(self, mel: Tensor) -> Tensor:
        """Shape: `(B, M, L)` to the same."""
        return self.conv(pad(mel, self.border, "replicate"))  # type: ignore[no-any-return]
