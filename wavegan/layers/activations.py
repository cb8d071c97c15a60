"""Snake activations, and anti-aliased application of an activation.

Source: Ziyin, Hartwig and Ueda 2020, "Neural Networks Fail to Learn Periodic Functions and How to
Fix It" (arXiv 2006.08195); Lee et al. 2022, "BigVGAN" (arXiv 2206.04658). Parameter names are those
of github.com/NVIDIA/BigVGAN (MIT).
"""

import math

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn
from torch.nn.functional import conv1d, conv_transpose1d, pad

TAPS = 12
EPS = 1e-9


class Snake(nn.Module):
    """`x + sin(alpha x)^2 / alpha`, with one learned alpha for each channel.

    Args:
        channels: C.
        logscale: the parameter is the logarithm of alpha, which keeps alpha positive. In both cases
            alpha starts at 1.
    """

    def __init__(self, channels: int, *, logscale: bool = True) -> None:
        super().__init__()
        self.logscale = logscale
        self.alpha = nn.Parameter(torch.full((channels,), 0.0 if logscale else 1.0))

    def forward(self, x: Tensor) -> Tensor:
        """Shape: `(B, C, T)` to the same."""
        alpha = _positive(self.alpha, self.logscale)
        return _rippled(x, alpha, alpha)


class SnakeBeta(nn.Module):
    """`x + sin(alpha x)^2 / beta`: frequency and size of the ripple are learned separately.

    Args:
        channels: C.
        logscale: the parameters are the logarithms of alpha and beta. In both cases alpha and beta
            start at 1.
    """

    def __init__(self, channels: int, *, logscale: bool = True) -> None:
        super().__init__()
        self.logscale = logscale
        start = torch.full((channels,), 0.0 if logscale else 1.0)
        self.alpha = nn.Parameter(start)
        self.beta = nn.Parameter(start.clone())

    def forward(self, x: Tensor) -> Tensor:
        """Shape: `(B, C, T)` to the same."""
        alpha = _positive(self.alpha, self.logscale)
        beta = _positive(self.beta, self.logscale)
        return _rippled(x, alpha, beta)


class AntiAliased(nn.Module):
    """Applies an activation at twice the sample rate, so that its overtones do not alias.

        x ─ up x2 ─ low pass ─ activation ─ low pass ─ down x2 ─

    Both low-pass filters are Kaiser-windowed sincs that pass the lower half of the band; borders
    repeat the outermost sample.

    Args:
        activation: keeps the shape `(B, C, T)`.
    """

    low_pass: Tensor
    interpolation: Tensor

    def __init__(self, activation: nn.Module) -> None:
        super().__init__()
        self.act = activation
        taps = torch.tensor(half_band(), dtype=torch.float32)[None, None]
        self.register_buffer("low_pass", taps, persistent=False)
        # zeros between samples halve the level
        self.register_buffer("interpolation", 2 * taps, persistent=False)

    def forward(self, x: Tensor) -> Tensor:
        """Shape: `(B, C, T)` to the same."""
        channels = x.shape[1]
        low_pass = self.low_pass.expand(channels, -1, -1)
        interpolation = self.interpolation.expand(channels, -1, -1)
        edge = TAPS // 2 - 1
        x = pad(x, (edge, edge), mode="replicate")
        x = conv_transpose1d(x, interpolation, stride=2, groups=channels)
        x = self.act(x[..., 3 * edge : -3 * edge])
        x = pad(x, (edge, edge + 1), mode="replicate")
        return conv1d(x, low_pass, stride=2, groups=channels)


def _rippled(x: Tensor, alpha: Tensor, beta: Tensor) -> Tensor:
    ripple = torch.sin(x * alpha)
    if torch.is_grad_enabled():
        return x + ripple.square() / (beta + EPS)
    # the same numbers; half of the time on a CPU is spent on memory for results
    return ripple.square_().div_(beta + EPS).add_(x)


def half_band() -> NDArray[np.float64]:
    """The 12 taps of the half-band low-pass filter; their sum is 1.

    The transition is 0.6 of the band wide; from this and the number of taps Kaiser's formulas give
    the shape of the window (Oppenheim and Schafer, "Discrete-Time Signal Processing").
    """
    attenuation = 2.285 * (TAPS // 2 - 1) * math.pi * 4 * 0.3 + 7.95
    shape = 0.1102 * (attenuation - 8.7)
    taps = np.kaiser(TAPS, shape) * np.sinc((np.arange(TAPS) - (TAPS - 1) / 2) / 2)
    return np.asarray(taps / taps.sum())


def _positive(parameter: Tensor, logscale: bool) -> Tensor:
    """`(C,)` to `(C, 1)`."""
    return (parameter.exp() if logscale else parameter)[:, None]
