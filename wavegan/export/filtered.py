"""The filters of the source-filter generator, for graphs without complex numbers."""

from copy import deepcopy

import torch
from torch import Tensor, nn

from wavegan.audio.stft import framed
from wavegan.export.fourier import ForwardTransform, InverseTransform
from wavegan.generators._source_filter.filtered_sources import LOUDEST
from wavegan.generators.base import LatentGenerator
from wavegan.generators.source_filter import SourceFilter
from wavegan.layers.log_spectrogram import LogSpectrogram
from wavegan.layers.wave_same import wrapped


def without_complex_numbers(generator: LatentGenerator) -> LatentGenerator:
    """A copy with its Fourier transforms as convolutions, if it has any."""
    copy = deepcopy(generator)
    if isinstance(copy, SourceFilter):
        copy.filtered = Filtered(copy.spectrogram)
    return copy


class Filtered(nn.Module):
    """The same as `filtered` of `wavegan.generators._source_filter.filtered_sources`.

    Args:
        front: FFT size, hop and window.
    """

    def __init__(self, front: LogSpectrogram) -> None:
        super().__init__()
        self.into = ForwardTransform(front.window, front.hop_length)
        self.back = InverseTransform(front.window, front.hop_length, "same")

    def forward(
        self,
        levels: Tensor,
        shapes: Tensor,
        voices: Tensor | None,
        noise: Tensor,
        front: LogSpectrogram,
        *,
        wrap: bool = False,
    ) -> Tensor:
        """Filter each source and add them up; real and imaginary parts are an axis of two."""
        logarithm = front.mean + front.std * (shapes @ levels) - front.noise_level
        filters = logarithm.clamp(max=LOUDEST).exp().unsqueeze(-3)  # (B, V + 1, C, 1, bins, L)
        made = self._frames(noise, front, wrap) * filters[:, -1]
        if voices is not None:
            each = self._frames(voices, front, wrap).unsqueeze(2)
            made = made + (each * filters[:, :-1]).sum(1)
        flat = made.flatten(0, 1)
        if not wrap:
            return self.back(flat).reshape(*noise.shape[:-1], -1)  # type: ignore[no-any-return]
        frames, beyond = flat.shape[-1], -(-front.n_fft // front.hop_length)
        place = torch.arange(-beyond, frames + beyond, device=flat.device) % frames
        wave = self.back(flat[..., place])[:, beyond * front.hop_length :]
        return wave[:, : frames * front.hop_length].reshape(*noise.shape[:-1], -1)  # type: ignore[no-any-return]

    def _frames(self, source: Tensor, front: LogSpectrogram, wrap: bool) -> Tensor:
        """Spectra `(B, C, 2, bins, L)` of sources `(B, C, T)`, at the places of "same"."""
        flat = source.flatten(0, 1)
        if wrap:
            left = (front.n_fft - front.hop_length) // 2
            padded = wrapped(flat[:, None], left, front.n_fft - front.hop_length - left)[:, 0]
        else:
            padded = framed(flat, front.n_fft, front.hop_length, "same", "reflect")
        spectra: Tensor = self.into(padded)
        return spectra.reshape(*source.shape[:2], *spectra.shape[1:])
