"""Multi-resolution discriminator: 2-D convolutions over magnitude spectrograms.

Source: Jang et al. 2021, "UnivNet: A Neural Vocoder with Multi-Resolution Spectrogram
Discriminators for High-Fidelity Waveform Generation" (arXiv 2106.07889). Module names are those of
github.com/maum-ai/univnet (BSD) and github.com/NVIDIA/BigVGAN (MIT), so the `mrd` weights of their
checkpoints load unchanged.
"""

from collections.abc import Sequence

import torch
from torch import Tensor, nn
from torch.nn.functional import leaky_relu, pad

from wavegan.audio.stft import magnitude
from wavegan.discriminators.base import Discriminator, DiscriminatorOutput
from wavegan.errors import UserError
from wavegan.layers.blocks import HIFIGAN_SLOPE
from wavegan.layers.conv import Norm, normalized

STRIDES = (1, 2, 2, 2)


class MultiResolution(Discriminator):
    """Scores the magnitudes of audio `(B, C, T)` at each resolution.

    Spectrograms are computed as in both projects: reflected by `(n_fft - hop) / 2` on each side
    (rounded down), with a rectangular window of `win` samples in the middle of the FFT, and
    `sqrt(re^2 + im^2)` without floor or logarithm. T must exceed the reflection and be at least
    one hop.

    Per resolution the logits are `(B, N)`; the feature maps are the activation of each of the five
    layers, `(B, layer_channels, F, L')`, and last the logits before flattening, as published.

    Args:
        channels: audio channels, C.
        resolutions: `(n_fft, hop, win)` of each resolution, samples.
        layer_channels: width of every convolution except the last; kernels are 3 bins by 9 frames,
            then 3 by 3, and the second to fourth have a stride of 2 over frames.
        spectral_norm: use spectral norm instead of weight norm.
        leaky_slope: slope of the leaky ReLUs; UnivNet has 0.2.

    Raises:
        UserError: a resolution is not valid, or a width is below 1.
    """

    def __init__(
        self,
        *,
        channels: int = 1,
        resolutions: Sequence[Sequence[int]] = (
            (1024, 120, 600),
            (2048, 240, 1200),
            (512, 50, 240),
        ),
        layer_channels: int = 32,
        spectral_norm: bool = False,
        leaky_slope: float = HIFIGAN_SLOPE,
    ) -> None:
        super().__init__()
        if min(channels, layer_channels) < 1:
            raise UserError(
                f"channels {channels} and layer_channels {layer_channels} must be at least 1"
            )
        _check(resolutions)
        norm: Norm = "spectral" if spectral_norm else "weight"
        self.discriminators = nn.ModuleList(
            _Resolution(n_fft, hop, win, channels, layer_channels, norm, leaky_slope)
            for n_fft, hop, win in resolutions
        )

    def forward(self, audio: Tensor) -> list[DiscriminatorOutput]:
        """Score `(B, C, T)`; one output per resolution."""
        return [discriminator(audio) for discriminator in self.discriminators]


class _Resolution(nn.Module):
    window: Tensor

    def __init__(
        self, n_fft: int, hop: int, win: int, channels: int, width: int, norm: Norm, slope: float
    ) -> None:
        super().__init__()
        self.n_fft, self.hop, self.slope = n_fft, hop, slope
        self.register_buffer("window", torch.ones(win), persistent=False)
        self.convs = nn.ModuleList(
            normalized(
                nn.Conv2d(width if layer else channels, width, (3, 9), (1, stride), (1, 4)), norm
            )
            for layer, stride in enumerate(STRIDES)
        )
        self.convs.append(normalized(nn.Conv2d(width, width, (3, 3), padding=(1, 1)), norm))
        self.conv_post = normalized(nn.Conv2d(width, 1, (3, 3), padding=(1, 1)), norm)

    def forward(self, audio: Tensor) -> DiscriminatorOutput:
        x = self._spectrogram(audio)
        feature_maps = []
        for conv in self.convs:
            x = leaky_relu(conv(x), self.slope)
            feature_maps.append(x)
        x = self.conv_post(x)
        feature_maps.append(x)
        return DiscriminatorOutput(x.flatten(1), feature_maps)

    def _spectrogram(self, audio: Tensor) -> Tensor:
        """`(B, C, T)` to `(B, C, n_fft / 2 + 1, L)`, float32."""
        edge = (self.n_fft - self.hop) // 2
        wave = pad(audio, (edge, edge), mode="reflect")
        return magnitude(wave, self.n_fft, self.hop, window=self.window, padding="none")


def _check(resolutions: Sequence[Sequence[int]]) -> None:
    fits = [
        len(each) == 3 and 0 < each[1] <= each[0] and 0 < each[2] <= each[0] for each in resolutions
    ]
    if not fits or not all(fits):
        raise UserError(
            f"resolutions {[list(each) for each in resolutions]} must be one or more lists of "
            "n_fft, hop and win, hop and win not above n_fft, such as [[1024, 120, 600]]"
        )
