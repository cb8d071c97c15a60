"""DAC's multi-resolution discriminator: complex spectra, with separate frequency bands.

Source: Kumar et al. 2023, "High-Fidelity Audio Compression with Improved RVQGAN" (arXiv
2306.06546; github.com/descriptinc/descript-audio-codec, MIT). The defaults are Vocos'
(github.com/gemelo-ai/vocos, MIT), whose module names these are.
"""

from collections.abc import Sequence
from typing import Literal

import torch
from torch import Tensor, nn
from torch.nn.functional import leaky_relu

from wavegan.audio.stft import stft
from wavegan.discriminators._level import levelled
from wavegan.discriminators.base import Discriminator, DiscriminatorOutput
from wavegan.errors import UserError
from wavegan.layers.blocks import HIFIGAN_SLOPE
from wavegan.layers.conv import normalized

BANDS = ((0.0, 0.1), (0.1, 0.25), (0.25, 0.5), (0.5, 0.75), (0.75, 1.0))
KERNELS = ((3, 9), (3, 9), (3, 9), (3, 9), (3, 3))
STRIDES = (1, 2, 2, 2, 1)


class BandedMultiResolution(Discriminator):
    """Scores the complex STFT of audio `(B, C, T)` at several resolutions.

        audio ─ mean 0, peak 0.8 ─ STFT ─┬─ band 1 ─ 5 convolutions ─┬─ convolution ─ logits
                                         └─ band N ─ 5 convolutions ─┘

    Real and imaginary parts are two input planes per channel; hops are a quarter of the window.
    Per resolution the logits are `(B, 1, L, bins)`; the feature maps are the activations of each
    layer, `(B, width, L, bins)`, band by band, and last the logits.

    Args:
        channels: audio channels, C.
        fft_sizes: window and FFT size of each resolution, samples; even.
        width: channels of every convolution.
        bands: lower and upper edge of each band, as shares of the bins.
        padding: padding of the STFT, "center" (Vocos) or "same" (DAC).
        first_layer: whether each band's first activation is a feature map, as in DAC but not in
            Vocos.

    Raises:
        UserError: a size is out of range, or a band has no bin.
    """

    def __init__(
        self,
        *,
        channels: int = 1,
        fft_sizes: Sequence[int] = (2048, 1024, 512),
        width: int = 32,
        bands: Sequence[tuple[float, float]] = BANDS,
        padding: Literal["center", "same"] = "center",
        first_layer: bool = False,
    ) -> None:
        super().__init__()
        if min(channels, width) < 1:
            raise UserError(f"channels {channels} and width {width} must be at least 1")
        even = [max(size + size % 2, 4) for size in fft_sizes] or [2048, 1024, 512]
        if even != list(fft_sizes):
            raise UserError(
                f"fft_sizes {list(fft_sizes)} must be one or more even numbers of at least 4, "
                f"such as {even}"
            )
        self.discriminators = nn.ModuleList(
            _Resolution(size, channels, width, _bins(size, bands), padding, first_layer)
            for size in fft_sizes
        )

    def forward(self, audio: Tensor) -> list[DiscriminatorOutput]:
        """Score `(B, C, T)`; one output per resolution."""
        level = levelled(audio)
        return [discriminator(level) for discriminator in self.discriminators]


class _Resolution(nn.Module):
    window: Tensor

    def __init__(
        self,
        fft_size: int,
        channels: int,
        width: int,
        bins: Sequence[tuple[int, int]],
        padding: Literal["center", "same"],
        first_layer: bool,
    ) -> None:
        super().__init__()
        self.fft_size, self.bins, self.padding = fft_size, bins, padding
        self.skipped = 0 if first_layer else 1
        self.register_buffer("window", torch.hann_window(fft_size), persistent=False)
        self.band_convs = nn.ModuleList(_stack(2 * channels, width) for _ in bins)
        self.conv_post = normalized(nn.Conv2d(width, 1, (3, 3), padding=(1, 1)))

    def forward(self, audio: Tensor) -> DiscriminatorOutput:
        planes = self._planes(audio)
        feature_maps: list[Tensor] = []
        ends = []
        for (low, high), convs in zip(self.bins, self.band_convs, strict=True):
            x = planes[..., low:high]
            maps = []
            for conv in convs:  # type: ignore[attr-defined]  # a ModuleList
                x = leaky_relu(conv(x), HIFIGAN_SLOPE)
                maps.append(x)
            feature_maps += maps[self.skipped :]
            ends.append(x)
        logits = self.conv_post(torch.cat(ends, -1))
        return DiscriminatorOutput(logits, [*feature_maps, logits])

    def _planes(self, audio: Tensor) -> Tensor:
        """`(B, C, T)` to `(B, 2 C, L, bins)`."""
        hop = self.fft_size // 4
        spectrum = stft(audio, self.fft_size, hop, self.window, padding=self.padding)
        return torch.view_as_real(spectrum).permute(0, 1, 4, 3, 2).flatten(1, 2)


def _stack(planes: int, width: int) -> nn.ModuleList:
    convs = nn.ModuleList()
    for kernel, stride in zip(KERNELS, STRIDES, strict=True):
        padding = (kernel[0] // 2, kernel[1] // 2)
        convs.append(normalized(nn.Conv2d(planes, width, kernel, (1, stride), padding)))
        planes = width
    return convs


def _bins(fft_size: int, bands: Sequence[tuple[float, float]]) -> list[tuple[int, int]]:
    """First bin of each band, and the one after its last, rounded down as published."""
    count = fft_size // 2 + 1
    made = [(int(low * count), int(high * count)) for low, high in bands]
    if not made or any(not 0 <= low < high <= count for low, high in made):
        raise UserError(
            f"bands {[list(band) for band in bands]} must be one or more rising pairs of shares "
            f"within 0 to 1, each with a bin of fft_sizes {fft_size}, such as [[0, 0.5], [0.5, 1]]"
        )
    return made
