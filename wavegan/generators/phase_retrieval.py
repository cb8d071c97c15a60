"""A frame-domain generator: learned magnitudes, and phases by fast Griffin-Lim in the network.

The pseudo-inverse of the mel filter bank gives approximate magnitudes of all bins (FreeV, Lv et al.
2024), while phases must be consistent between neighbouring frames. So the network only learns a
correction of the magnitudes, and phases come from iterations of the fast Griffin-Lim algorithm
(Perraudin et al. 2013), unrolled into the forward pass, similar to deep Griffin-Lim iteration
(Masuyama et al. 2019). The result is deterministic.
"""

import math

import torch
from torch import Tensor, nn

from wavegan.audio.griffin_lim import MOST_ITERATIONS
from wavegan.audio.istft import istft
from wavegan.audio.stft import stft
from wavegan.errors import UserError
from wavegan.generators.base import MelGenerator
from wavegan.layers.convnext import ConvNeXtBlock
from wavegan.mel.front_end import Mel
from wavegan.mel.spectrogram import mel_filterbank

LOUDEST = 6.0
"""Largest log magnitude; a full-scale sine in a 1024-sample Hann window has ln 256 = 5.5."""


class PhaseRetrieval(MelGenerator):
    """Log-mel `(B, n_mels, L)` to audio `(B, 1, T)`; see the module docstring.

    In training, only the last few iterations have a gradient, which takes the effect of the phases
    on the audio into account.

    Args:
        mel: the front-end; the generator uses its FFT size, hop and window.
        width: channels of the frame network.
        layers: number of ConvNeXt blocks.
        kernel_size: kernel of their depthwise convolutions, frames; odd.
        expansion: hidden channels of a block, as a multiple of `width`.
        iterations: Griffin-Lim iterations in inference.
        training_iterations: iterations in training, where the loss needs no exact phase.
        tracked_iterations: how many of these, the last ones, have a gradient.
        momentum: momentum of fast Griffin-Lim; 0 is the plain algorithm.

    Raises:
        UserError: an even `kernel_size`, a width below 1, or a front-end that cannot be inverted.
    """

    local = True

    mel_inverse: Tensor
    mel_smooth: Tensor
    mel_gain: Tensor
    window: Tensor

    def __init__(
        self,
        mel: Mel,
        width: int = 256,
        layers: int = 6,
        kernel_size: int = 7,
        expansion: int = 3,
        iterations: int = 32,
        training_iterations: int = 12,
        tracked_iterations: int = 4,
        momentum: float = 0.99,
    ) -> None:
        super().__init__()
        _check(mel, width, kernel_size, expansion)
        if max(iterations, training_iterations) > MOST_ITERATIONS:
            raise UserError(
                f"generator.iterations is {iterations} and training_iterations "
                f"{training_iterations}: more than {MOST_ITERATIONS} gain nothing, so give at most "
                f"{MOST_ITERATIONS}"
            )
        self.mel, self.hop_length = mel, mel.hop_length
        self.iterations, self.training_iterations = iterations, training_iterations
        self.tracked_iterations = tracked_iterations
        self.momentum = momentum
        bins = mel.n_fft // 2 + 1
        bank = mel_filterbank(mel)
        self.register_buffer("mel_inverse", torch.linalg.pinv(bank.double()).float(), False)
        self.register_buffer("mel_smooth", _spread(bank), False)
        self.register_buffer("mel_gain", bank.sum(1, keepdim=True).clamp(min=1e-8).log(), False)
        self.register_buffer(
            "window", torch.hann_window(mel.win_length, periodic=mel.periodic), False
        )
        self.embed_mel = nn.Conv1d(mel.n_mels, width, kernel_size, padding=kernel_size // 2)
        self.embed_prior = nn.Linear(bins, width)
        self.norm_in = nn.LayerNorm(width)
        self.blocks = nn.ModuleList(
            ConvNeXtBlock(width, width * expansion, kernel_size) for _ in range(layers)
        )
        self.norm_out = nn.LayerNorm(width)
        self.head = nn.Linear(width, bins)
        with torch.no_grad():
            self.head.weight.mul_(0.1)  # start near the prior, which is already good

    def output_length(self, frames: int) -> int:
        """Number of samples of `frames` frames: one hop less if frames are centred."""
        return (frames - (self.mel.padding == "center")) * self.hop_length

    def forward(self, mel: Tensor, noise: Tensor | None = None) -> Tensor:
        """Vocode `(B, n_mels, L)` to `(B, 1, T)`."""
        magnitude = self.magnitude(mel)
        tracked = self.tracked_iterations if self.training else 0
        total = self.training_iterations if self.training else self.iterations
        return self._to_wave(magnitude * self.phase(magnitude, total - tracked, tracked))[:, None]

    def magnitude(self, mel: Tensor) -> Tensor:
        """STFT magnitudes `(B, n_fft / 2 + 1, L)`, float32."""
        bands = self._natural(mel.float())
        prior = self._prior(bands)
        hidden = self.embed_mel((bands + 4) / 2.5).transpose(1, 2)
        hidden = self.norm_in(hidden + self.embed_prior((prior + 5).transpose(1, 2) / 2.5))
        for block in self.blocks:
            hidden = block(hidden)
        residual: Tensor = self.head(self.norm_out(hidden)).transpose(1, 2).float()
        return (prior + residual).clamp(max=LOUDEST).exp()

    def phase(self, magnitude: Tensor, free: int, tracked: int = 0) -> Tensor:
        """Unit complex numbers that make the magnitudes consistent, by fast Griffin-Lim.

        Args:
            magnitude: `(B, n_fft / 2 + 1, L)`.
            free: iterations without a gradient; they come first.
            tracked: iterations with one.
        """
        unit = torch.ones_like(magnitude, dtype=torch.complex64)
        if self.output_length(magnitude.shape[-1]) == 0:
            return unit  # a single centred frame gives no samples
        previous: Tensor | None = None
        for iteration in range(free + tracked):
            with torch.set_grad_enabled(torch.is_grad_enabled() and iteration >= free):
                projected = self._to_spectrum(self._to_wave(magnitude * unit))
                ahead = projected
                if previous is not None:
                    ahead = projected + self.momentum * (projected - previous)
                previous = projected
                unit = _unit(ahead)
        return unit

    def _natural(self, mel: Tensor) -> Tensor:
        """The mel converted to a natural logarithm."""
        return mel * {"ln": 1.0, "log10": math.log(10), "db": math.log(10) / 20}[self.mel.log]

    def _prior(self, bands: Tensor) -> Tensor:
        """Log magnitudes by the pseudo-inverse, but at least a tenth of a smooth estimate."""
        with torch.autocast(bands.device.type, enabled=False):
            smooth = self.mel_smooth @ (bands - self.mel_gain)
            inverse = self.mel_inverse @ bands.exp()
            return torch.maximum(inverse, 0.1 * smooth.exp()).log()

    def _to_wave(self, spectrum: Tensor) -> Tensor:
        mel = self.mel
        return istft(spectrum, mel.n_fft, mel.hop_length, self.window, padding=mel.padding)

    def _to_spectrum(self, wave: Tensor) -> Tensor:
        mel = self.mel
        return stft(
            wave,
            mel.n_fft,
            mel.hop_length,
            self.window,
            padding=mel.padding,
            pad_mode=mel.pad_mode,
        )


def _unit(spectrum: Tensor) -> Tensor:
    """Complex numbers of modulus 1, with a finite gradient at silence."""
    if not torch.is_grad_enabled():
        return torch.sgn(spectrum)
    parts = torch.view_as_real(spectrum)
    size = (parts[..., 0].square() + parts[..., 1].square() + 1e-12).rsqrt()
    return torch.view_as_complex(parts * size[..., None])


def _spread(bank: Tensor) -> Tensor:
    """Weights `(bins, n_mels)` that interpolate band levels to bins; rows sum to 1."""
    weights = bank.T.clone()
    outside = weights.sum(1) <= 0
    bins = torch.arange(len(weights), device=bank.device)
    middle = len(weights) // 2
    weights[outside & (bins < middle), 0] = 1
    weights[outside & (bins >= middle), -1] = 1
    return weights / weights.sum(1, keepdim=True)


def _check(mel: Mel, width: int, kernel_size: int, expansion: int) -> None:
    if min(width, expansion) < 1:
        raise UserError(f"width {width} and expansion {expansion} must be at least 1")
    if kernel_size < 1 or kernel_size % 2 == 0:
        raise UserError(
            f"generator.kernel_size is {kernel_size}: it must be odd, e.g. "
            f"{max(kernel_size + 1, 1)}"
        )
    plain = mel.power == 1 and mel.floor_mode == "clamp" and mel.mean is None and mel.scale is None
    if not plain or mel.clip is not None or mel.output_rate not in (None, mel.sample_rate):
        raise UserError(
            "generator.name is phase_retrieval: it needs a plain mel of magnitudes (mel.power 1, "
            "mel.floor_mode clamp, no mel.mean, mel.scale, mel.clip or mel.output_rate), e.g. "
            "mel: hifigan-22k"
        )
