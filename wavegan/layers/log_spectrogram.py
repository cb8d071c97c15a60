"""SpecGAN's normalised log spectrogram, and its inversion to audio.

    audio → STFT magnitude → log → (x - mean) / std of each bin → / clip, clamped to [-1, 1]

Source: SpecGAN, section 3.3 of Donahue, McAuley and Puckette 2019, "Adversarial Audio Synthesis"
(arXiv 1802.04208), in the shape of github.com/chrisdonahue/wavegan (MIT). Two things differ. Frames
are centred and borders reflected, so the outermost samples count; the original begins at the first
sample and appends zeros. And the inverse transform divides by the overlapped windows; otherwise a
hop of half a window causes a tremolo.
"""

import math
from collections.abc import Iterable

import torch
from torch import Tensor, nn
from torch.nn.functional import pad

from wavegan.audio.griffin_lim import griffin_lim
from wavegan.audio.stft import magnitude
from wavegan.errors import UserError

EPSILON = 1e-6
"""Default `floor`, added to magnitudes; digital silence is -13.8."""
LEAST_STD = 1e-3
"""Smallest deviation, for bins that never change, such as those above the recording's bandwidth."""


class LogSpectrogram(nn.Module):
    """Audio `(B, C, T)` to `(B, C, n_fft / 2, T / hop_length)` in [-1, 1].

    The highest bin (half the sample rate) is omitted, so that sizes are powers of two; in the
    inverse it has its mean. Before `fit`, mean and deviation are the same guess for all bins.

    Args:
        n_fft: transform length and Hann window, samples.
        hop_length: samples from frame to frame, at most half of `n_fft`.
        clip: number of deviations at which values are clipped.
        floor: added to magnitudes: much smaller ones look like silence.

    Attributes:
        mean: mean of each bin's log magnitudes, `(n_fft / 2 + 1, 1)`.
        std: deviation of each bin's log magnitudes, `(n_fft / 2 + 1, 1)`.
        noise_level: the mean for white noise of deviation 1.

    Raises:
        UserError: `clip` or `floor` is not positive, or the hop is too large to invert.
    """

    mean: Tensor
    std: Tensor
    window: Tensor

    def __init__(
        self, n_fft: int = 256, hop_length: int = 128, clip: float = 3.0, floor: float = EPSILON
    ) -> None:
        super().__init__()
        if not floor > 0:
            raise UserError(f"floor is {floor}: give a positive magnitude, e.g. {EPSILON}")
        if not clip > 0:
            raise UserError(f"clip is {clip}: give a positive number of deviations, e.g. 3")
        if n_fft % 2 or not 0 < 2 * hop_length <= n_fft:
            raise UserError(
                f"spec_n_fft {n_fft} must be even and at least twice spec_hop_length {hop_length}: "
                f"use {max(2 * hop_length, n_fft + n_fft % 2, 2)}"
            )
        self.n_fft, self.hop_length, self.clip, self.floor = n_fft, hop_length, clip, floor
        # the window's power is 3/8 of its length; the mean log magnitude of a complex Gaussian is
        # half of Euler's constant below half the logarithm of its power
        self.noise_level = (math.log(3 / 8 * n_fft) - 0.57722) / 2
        self.register_buffer("mean", torch.full((n_fft // 2 + 1, 1), -4.0))
        self.register_buffer("std", torch.full((n_fft // 2 + 1, 1), 2.0))
        self.register_buffer("window", torch.hann_window(n_fft), persistent=False)

    def forward(self, audio: Tensor) -> Tensor:
        """Shape: `(B, C, T)` to `(B, C, n_fft / 2, floor(T / hop_length))`, float32."""
        return (self.normalized(audio)[..., :-1, :] / self.clip).clamp(-1, 1)

    def normalized(self, audio: Tensor) -> Tensor:
        """All bins in units of their deviation, without clipping: `(B, C, n_fft / 2 + 1, L)`."""
        return (self.logarithm(audio) - self.mean) / self.std

    def inverse(
        self,
        spectrogram: Tensor,
        iterations: int = 16,
        momentum: float = 0.0,
        *,
        loop: bool = False,
    ) -> Tensor:
        """Audio with approximately this spectrogram, see `griffin_lim`.

        Shape: `(B, C, n_fft / 2, L)` to `(B, C, L * hop_length)`, float32.
        """
        normal = pad(spectrogram.float(), (0, 0, 0, 1)) * self.clip
        return griffin_lim(
            (normal * self.std + self.mean).exp(),
            self.n_fft,
            self.hop_length,
            self.window,
            iterations=iterations,
            momentum=momentum,
            loop=loop,
        )

    @torch.no_grad()
    def fit(self, crops: Iterable[Tensor]) -> None:
        """Set each bin's mean and deviation to those of all frames of `crops`, each `(B, C, T)`.

        Raises:
            UserError: there are no crops.
        """
        count = 0
        total = squares = torch.zeros(len(self.mean), 1, dtype=torch.float64)
        for crop in crops:
            # sums over an hour of frames need more precision than float32
            values = self.logarithm(crop.to(self.mean.device)).cpu().double()
            frames = values.flatten(0, 1).transpose(0, 1).flatten(1)
            count += frames.shape[1]
            total = total + frames.sum(1, keepdim=True)
            squares = squares + frames.square().sum(1, keepdim=True)
        if not count:
            raise UserError(
                "there are no crops to compute mean and deviation from: give some audio"
            )
        mean = total / count
        self.mean.copy_(mean)
        self.std.copy_((squares / count - mean.square()).clamp(min=LEAST_STD**2).sqrt())

    def logarithm(self, audio: Tensor) -> Tensor:
        """Log magnitudes before normalisation, `(B, C, n_fft / 2 + 1, L)`, float32."""
        magnitudes = magnitude(
            audio.float(), self.n_fft, self.hop_length, window=self.window, padding="same"
        )
        return (magnitudes + self.floor).log()
