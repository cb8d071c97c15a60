"""Fourier transforms as convolutions with fixed kernels, for graphs without complex numbers.

A transform of N samples is a product with a matrix of cosines and sines. Windowed, with a stride of
one hop, it is a convolution, and the overlap-added inverse a transposed one. Results differ from
those of an FFT by rounding.
"""

from copy import deepcopy

import torch
from torch import Tensor, nn
from torch.nn.functional import conv1d, conv_transpose1d

from wavegan.audio.framing import Padding
from wavegan.generators.base import MelGenerator
from wavegan.layers.istft_head import PolarISTFT

SMALLEST = 1e-8
"""Smallest sum of squared windows to divide by, as in `wavegan.audio.istft`."""


class ForwardTransform(nn.Module):
    """The spectra of frames: real parts, then imaginary parts.

    Args:
        window: `(N,)`.
        hop_length: samples from frame to frame.

    Shape: `(B, T)` to `(B, 2, N / 2 + 1, L)`, without padding.
    """

    kernels: Tensor

    def __init__(self, window: Tensor, hop_length: int) -> None:
        super().__init__()
        self.hop_length = hop_length
        cosines, sines = _waves(window.shape[0])
        both = torch.cat([cosines, -sines]) * window.double()
        self.register_buffer("kernels", both[:, None].float())

    def forward(self, wave: Tensor) -> Tensor:
        """Transform each frame."""
        bins = conv1d(wave[:, None], self.kernels, stride=self.hop_length)
        return bins.reshape(bins.shape[0], 2, -1, bins.shape[-1])


class InverseTransform(nn.Module):
    """The wave whose frames are nearest to given spectra, as `wavegan.audio.istft.istft`.

    Args:
        window: `(N,)`.
        hop_length: samples from frame to frame.
        padding: of the forward transform, cut off here.

    Shape: real and imaginary parts `(B, 2, N / 2 + 1, L)` to `(B, T)`.
    """

    kernels: Tensor
    squares: Tensor

    def __init__(self, window: Tensor, hop_length: int, padding: Padding) -> None:
        super().__init__()
        self.hop_length, size = hop_length, window.shape[0]
        self.cut = {"same": size - hop_length, "center": size, "none": 0}[padding]
        cosines, sines = _waves(size)
        # all bins but the first and the last stand for their mirror images too
        share = torch.full((size // 2 + 1, 1), 2.0 / size, dtype=torch.float64)
        share[0] = share[-1] = 1.0 / size
        both = torch.cat([share * cosines, -share * sines]) * window.double()
        self.register_buffer("kernels", both[:, None].float())
        self.register_buffer("squares", window.double().square()[None, None].float())

    def forward(self, spectra: Tensor) -> Tensor:
        """Invert."""
        bins = spectra.flatten(1, 2)
        wave = conv_transpose1d(bins, self.kernels, stride=self.hop_length)
        once = torch.ones_like(bins[:1, :1])
        envelope = conv_transpose1d(once, self.squares, stride=self.hop_length)
        whole = wave / envelope.clamp(min=SMALLEST)
        before = self.cut // 2
        return whole[:, 0, before : whole.shape[-1] - (self.cut - before)]


class PolarInverse(nn.Module):
    """A `PolarISTFT` as a convolution.

    Args:
        original: the layer to replace.

    Shape: magnitudes and phases `(..., N / 2 + 1, L)` to `(..., T)`.
    """

    def __init__(self, original: PolarISTFT) -> None:
        super().__init__()
        self.inverse = InverseTransform(original.window, original.hop_length, original.padding)

    def forward(self, magnitude: Tensor, phase: Tensor) -> Tensor:
        """Invert."""
        parts = torch.stack([magnitude * phase.cos(), magnitude * phase.sin()], -3)
        wave: Tensor = self.inverse(parts.flatten(0, -4))
        return wave.reshape(*magnitude.shape[:-2], -1)


def without_complex_numbers(generator: MelGenerator) -> MelGenerator:
    """A copy with each inverse transform as a convolution."""
    copy = deepcopy(generator)
    for name, layer in list(copy.named_modules()):
        if isinstance(layer, PolarISTFT):
            above, _, own = name.rpartition(".")
            setattr(copy.get_submodule(above), own, PolarInverse(layer))
    return copy


def _waves(size: int) -> tuple[Tensor, Tensor]:
    """Cosines and sines `(size / 2 + 1, size)` of each bin, in float64."""
    # the remainder keeps the precision of long transforms
    turns = torch.arange(size // 2 + 1)[:, None] * torch.arange(size) % size
    angle = 2 * torch.pi * turns.double() / size
    return angle.cos(), angle.sin()
