"""Multi-scale sub-band constant-Q transform discriminator.

Source: Gu, Zhang, Xue and Wu 2023, "Multi-Scale Sub-Band Constant-Q Transform Discriminator for
High-Fidelity Vocoder" (arXiv 2311.14957). Module names are those of github.com/open-mmlab/Amphion
and github.com/NVIDIA/BigVGAN (both MIT), whose checkpoints also contain the fixed kernels of the
transform, which are computed here.
"""

import math
from collections.abc import Sequence

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn
from torch.nn.functional import conv1d, leaky_relu, pad

from wavegan.audio.cqt import ConstantQ
from wavegan.discriminators._level import levelled
from wavegan.discriminators.base import Discriminator, DiscriminatorOutput
from wavegan.errors import UserError
from wavegan.layers.blocks import HIFIGAN_SLOPE
from wavegan.layers.conv import normalized

KERNEL = (3, 9)
ZEROS = 6
ROLLOFF = 0.99


class SubbandCQT(Discriminator):
    """Scores constant-Q spectra of audio `(B, C, T)`, one set of bins per octave at a time.

    The audio is first resampled to twice its rate, so the highest octave fits. Real and imaginary
    parts are two input planes, `(B, 2 C, L, bins)`. Each octave has its own first convolution; the
    following layers take all octaves together.

    Per scale the logits are `(B, 1, L, bins')`; the feature maps are the activation of each layer
    after the octaves' own, `(B, width, L, bins')`, without the logits, as published.

    Args:
        sample_rate: sample rate of the audio, Hz.
        channels: audio channels, C.
        hop_lengths: hop of each scale, samples at twice the rate; multiples of 2^(octaves - 1).
        octaves: octaves of each scale, from 32.7 Hz up; the highest bin is below the sample rate.
        bins_per_octave: bins per octave of each scale.
        width: width of the convolutions over all octaves.
        dilations: dilations over frames, one convolution each with a stride of 2 over bins.
        normalize_volume: subtract each clip's mean and scale its peak to 0.8 first.

    Raises:
        UserError: lists of different lengths, or a scale that does not fit the sample rate.
    """

    doubling: Tensor

    def __init__(
        self,
        *,
        sample_rate: int,
        channels: int = 1,
        hop_lengths: Sequence[int] = (512, 256, 256),
        octaves: Sequence[int] = (9, 9, 9),
        bins_per_octave: Sequence[int] = (24, 36, 48),
        width: int = 128,
        dilations: Sequence[int] = (1, 2, 4),
        normalize_volume: bool = False,
    ) -> None:
        super().__init__()
        if not len(hop_lengths) == len(octaves) == len(bins_per_octave) > 0:
            raise UserError(
                f"hop_lengths, octaves, bins_per_octave have {len(hop_lengths)}, {len(octaves)}, "
                f"{len(bins_per_octave)} values: give the same number of each"
            )
        if min(channels, width, *dilations) < 1:
            raise UserError(
                f"channels {channels}, width {width} and dilations {list(dilations)} must be at "
                "least 1"
            )
        self.normalize_volume = normalize_volume
        taps = torch.tensor(_doubling(), dtype=torch.float32)
        self.register_buffer("doubling", taps[:, None], persistent=False)
        self.discriminators = nn.ModuleList(
            _Scale(2 * sample_rate, hop, count, bins, channels, width, dilations)
            for hop, count, bins in zip(hop_lengths, octaves, bins_per_octave, strict=True)
        )

    def forward(self, audio: Tensor) -> list[DiscriminatorOutput]:
        """Score `(B, C, T)`; one output per scale."""
        doubled = self._doubled(levelled(audio) if self.normalize_volume else audio)
        return [discriminator(doubled) for discriminator in self.discriminators]

    def _doubled(self, audio: Tensor) -> Tensor:
        """Double the rate, `(B, C, T)` to `(B, C, 2 T)`, float32, by one convolution."""
        batch, channels, length = audio.shape
        reach = self.doubling.shape[-1] // 2
        with torch.autocast(audio.device.type, enabled=False):
            rows = pad(audio.float().reshape(-1, 1, length), (reach, reach))
            phases = conv1d(rows, self.doubling)
        return phases.mT.reshape(batch, channels, 2 * length)


class _Scale(nn.Module):
    def __init__(
        self,
        sample_rate: int,
        hop_length: int,
        octaves: int,
        bins: int,
        channels: int,
        width: int,
        dilations: Sequence[int],
    ) -> None:
        super().__init__()
        self.transform = ConstantQ(sample_rate, hop_length, octaves=octaves, bins_per_octave=bins)
        inputs, padding = 2 * channels, (1, 4)
        self.conv_pres = nn.ModuleList(
            nn.Conv2d(inputs, inputs, KERNEL, padding=padding) for _ in range(octaves)
        )
        # these first layers have no weight norm, as published
        self.convs = nn.ModuleList([nn.Conv2d(inputs, width, KERNEL, padding=padding)])
        for dilation in dilations:
            conv = nn.Conv2d(width, width, KERNEL, (1, 2), (dilation, 4), (dilation, 1))
            self.convs.append(normalized(conv))
        self.convs.append(normalized(nn.Conv2d(width, width, 3, padding=1)))
        self.conv_post = normalized(nn.Conv2d(width, 1, 3, padding=1))

    def forward(self, audio: Tensor) -> DiscriminatorOutput:
        spectrum = self.transform(audio).mT
        picture = torch.cat([spectrum.real, spectrum.imag], dim=1)
        octaves = picture.chunk(len(self.conv_pres), dim=-1)
        parts = zip(self.conv_pres, octaves, strict=True)
        x = torch.cat([conv(part) for conv, part in parts], dim=-1)
        feature_maps = []
        for conv in self.convs:
            x = leaky_relu(conv(x), HIFIGAN_SLOPE)
            feature_maps.append(x)
        return DiscriminatorOutput(self.conv_post(x), feature_maps)


def _doubling() -> NDArray[np.float64]:
    """Hann-windowed sincs (2, 15) for the two phases of doubling the rate, as in torchaudio.

    Six zero crossings per side, rolloff 0.99: the defaults of torchaudio's `Resample`.
    """
    reach = math.ceil(ZEROS / ROLLOFF)
    inputs = np.arange(-reach, reach + 1)
    crossings = np.clip((inputs - np.array([[0], [0.5]])) * ROLLOFF, -ZEROS, ZEROS)
    window = np.cos(np.pi * crossings / ZEROS / 2) ** 2
    return np.asarray(np.sinc(crossings) * window * ROLLOFF)
