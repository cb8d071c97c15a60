"""ISTFT heads of frame-domain generators: predicted magnitudes and phases become a wave.

Source: Siuzdak 2023, "Vocos" (arXiv 2306.00814; github.com/gemelo-ai/vocos, MIT).
"""

import math

import torch
from torch import Tensor, nn

from wavegan.audio.framing import Padding
from wavegan.audio.istft import istft
from wavegan.errors import UserError

LOUDEST = math.log(1e2)
"""Largest log magnitude of Vocos; it prevents overflow of the exponential early in training."""


class PolarISTFT(nn.Module):
    """Inverse STFT of magnitudes and phases, with a periodic Hann window of `n_fft` samples.

    Args:
        n_fft: transform length, samples; even.
        hop_length: samples from frame to frame; below `n_fft`.
        padding: "center" makes (L - 1) * hop_length samples, "same" L * hop_length.
        names: names of the two options in error messages.

    Shape: two times `(..., n_fft / 2 + 1, L)` to `(..., T)`.

    Raises:
        UserError: `n_fft` is odd, or frames do not overlap.
    """

    window: Tensor

    def __init__(
        self,
        n_fft: int,
        hop_length: int,
        padding: Padding,
        *,
        names: tuple[str, str] = ("n_fft", "hop_length"),
    ) -> None:
        super().__init__()
        if n_fft % 2 or not 0 < hop_length < n_fft:
            nearest = max(n_fft + n_fft % 2, hop_length + 2 - hop_length % 2)
            raise UserError(
                f"{names[0]} {n_fft} must be even and more than {names[1]} {hop_length}: use "
                f"{nearest}" + (f" and {names[1]} 1" if hop_length < 1 else "")
            )
        self.n_fft, self.hop_length, self.padding = n_fft, hop_length, padding
        self.register_buffer("window", torch.hann_window(n_fft), persistent=False)

    def forward(self, magnitude: Tensor, phase: Tensor) -> Tensor:
        """Invert, in float32 even inside autocast."""
        with torch.autocast(magnitude.device.type, enabled=False):
            spectrum = torch.polar(magnitude.float(), phase.float())
        return istft(spectrum, self.n_fft, self.hop_length, self.window, padding=self.padding)


class ISTFTHead(nn.Module):
    """A linear layer to log magnitudes and phases of each frame, then the inverse STFT.

    Phases are not limited: cosine and sine wrap them.

    Args:
        width: channels of the frames.
        n_fft: see `PolarISTFT`.
        hop_length: see `PolarISTFT`.
        padding: see `PolarISTFT`.
        channels: audio channels.

    Shape: `(B, L, width)` to `(B, channels, T)`.
    """

    def __init__(
        self, width: int, n_fft: int, hop_length: int, padding: Padding, channels: int = 1
    ) -> None:
        super().__init__()
        self.channels = channels
        self.out = nn.Linear(width, channels * (n_fft + 2))
        self.inverse = PolarISTFT(n_fft, hop_length, padding)

    def forward(self, frames: Tensor) -> Tensor:
        """Turn frames into audio."""
        # bfloat16 is too imprecise for phases beyond 2 pi
        with torch.autocast(frames.device.type, enabled=False):
            bins: Tensor = self.out(frames.float()).transpose(1, 2)
            halves = bins.reshape(bins.shape[0], self.channels, 2, -1, bins.shape[-1])
            log_magnitude, phase = halves.unbind(2)
            # clamp before the exponential: an overflow would have no finite gradient
            wave: Tensor = self.inverse(log_magnitude.clamp(max=LOUDEST).exp(), phase)
        return wave
