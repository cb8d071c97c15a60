"""Anti-aliased up- and downsampling by whole numbers.

The low-pass filter is the Kaiser-windowed sinc of `wavegan.layers.activations` for any rate: its
cutoff is the band of the lower rate, its length is six samples of that rate, and its transition is
0.6 of that band on both sides (filters as in Karras et al. 2021, "Alias-Free Generative Adversarial
Networks", arXiv 2106.12423). Everything is computed in float32, even inside autocast: backward
passes of bfloat16 through depthwise filters are slower, and audio needs the precision.
"""

import math

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn
from torch.nn.functional import conv1d, conv2d, interpolate, pad

from wavegan.layers.equalized import convolve
from wavegan.layers.wave_same import wrapped

REACH = 3


def low_pass(rate: int) -> NDArray[np.float64]:
    """The 6 · rate taps (one more if odd) of the low-pass filter at 1/rate of the band; sum 1.

    With rate 2 they equal `wavegan.layers.activations.half_band()`.
    """
    count = 2 * REACH * rate + rate % 2
    attenuation = 2.285 * (count // 2 - 1) * math.pi * 4 * 0.6 / rate + 7.95
    place = (np.arange(count) - (count - 1) / 2) / rate
    taps = np.kaiser(count, 0.1102 * (attenuation - 8.7)) * np.sinc(place)
    return np.asarray(taps / taps.sum())


class Upsample(nn.Module):
    """Upsamples by `rate`, centred on each sample. A constant stays constant.

    Args:
        rate: 1 or more.

    Shape: `(B, C, T)` to `(B, C, T * rate)`.
    """

    phases: Tensor

    def __init__(self, rate: int) -> None:
        super().__init__()
        self.rate = rate
        phases = torch.tensor(_phases(rate), dtype=torch.float32)[:, None]
        self.register_buffer("phases", phases, persistent=False)

    def forward(self, x: Tensor, wrap: bool = False) -> Tensor:
        """Upsample `(B, C, T)`; `wrap`: wrap around, else repeat the outermost samples."""
        if self.rate == 1:
            return _wide(x)
        x = wrapped(x, REACH, REACH) if wrap else pad(x, (REACH, REACH), "replicate")
        channels = x.shape[1]
        with torch.autocast(x.device.type, enabled=False):
            phases = convolve(_wide(x), self.phases.repeat(channels, 1, 1), groups=channels)
        each = phases[..., REACH:-REACH].reshape(x.shape[0], channels, self.rate, -1)
        return each.transpose(2, 3).flatten(2)


class Downsample(nn.Module):
    """Downsamples by `rate`, with zeros beyond the borders.

    Args:
        rate: 1 or more.

    Shape: `(B, C, T)` to `(B, C, ceil(T / rate))`.
    """

    taps: Tensor

    def __init__(self, rate: int) -> None:
        super().__init__()
        self.rate = rate
        taps = torch.tensor(low_pass(rate), dtype=torch.float32)[None, None]
        self.register_buffer("taps", taps, persistent=False)

    def forward(self, x: Tensor) -> Tensor:
        """Downsample `(B, C, T)`."""
        if self.rate == 1:
            return _wide(x)
        channels, count = x.shape[1], self.taps.shape[-1]
        before = (count - self.rate) // 2
        x = pad(_wide(x), (before, before + -x.shape[-1] % self.rate))
        taps = self.taps.expand(channels, -1, -1)
        with torch.autocast(x.device.type, enabled=False):
            if x.device.type != "cpu":
                return conv1d(x, taps, stride=self.rate, groups=channels)
            row = x.unsqueeze(2).contiguous(memory_format=torch.channels_last)
            filtered = conv2d(row, taps.unsqueeze(2), stride=(1, self.rate), groups=channels)
        return filtered.squeeze(2)


def stretch(x: Tensor, rate: int, wrap: bool = False) -> Tensor:
    """Interpolate `(B, C, T)` linearly to `(B, C, T * rate)`.

    Borders repeat the outermost samples, or wrap around with `wrap`.
    """
    around = int(wrap)
    lines = interpolate(wrapped(x, around, around), scale_factor=float(rate), mode="linear")
    return lines.narrow(-1, around * rate, x.shape[-1] * rate)


def _wide(x: Tensor) -> Tensor:
    return x.to(torch.promote_types(x.dtype, torch.float32))


def _phases(rate: int) -> NDArray[np.float64]:
    """The polyphase components of the low-pass filter: `(rate, 7)`, rows sum to 1.

    Row p has the weights for output phase p of the inputs from 3 samples before to 3 after.
    """
    taps = low_pass(rate)
    neighbour, phase = np.arange(-REACH, REACH + 1), np.arange(rate)[:, None]
    place = phase - neighbour * rate + (len(taps) - rate) // 2
    inside = (place >= 0) & (place < len(taps))
    table = np.where(inside, taps[place.clip(0, len(taps) - 1)], 0)
    return np.asarray(table / table.sum(1, keepdims=True))
