"""StyleMelGAN: noise upsampled to audio by blocks that the mel modulates.

Source: Mustafa, Pia and Fuchs 2021, "StyleMelGAN: An Efficient High-Fidelity Adversarial Vocoder
with Temporal Adaptive Normalization" (arXiv 2011.01557), as in
github.com/kan-bayashi/ParallelWaveGAN (MIT).
"""

import math
from collections.abc import Sequence

import torch
from torch import Tensor, nn
from torch.nn.functional import pad

from wavegan.errors import UserError
from wavegan.generators.base import MelGenerator
from wavegan.layers.conv import same_padding
from wavegan.layers.nonlinearity import ActivationName, activation_function
from wavegan.layers.normalize_all import normalize_all
from wavegan.layers.standardize import Standardize, Statistics
from wavegan.layers.tade import Gate, Mode, TADEResBlock
from wavegan.layers.upsampling import check_hop_length, check_rates


class StyleMelGAN(MelGenerator):
    """Turns a log-mel spectrogram `(B, n_mels, L)` and noise into audio `(B, channels, L * hop)`.

    `hop` is the product of `upsample_rates`. The noise is first upsampled to frames by the product
    of `noise_upsample_rates`. The mel is padded to a multiple of this product with its last frame,
    and the audio of the padding is cut off. Features are normalised over the whole length, so every
    sample depends on the whole mel. For training, use a segment of a multiple of this product.

    Args:
        n_mels: mel bands of the input.
        noise_channels: channels of the noise.
        width: channels of all blocks.
        kernel_size: kernel of the convolutions; odd.
        dilation: dilation of the second gated convolution in each block.
        bias: whether convolutions have a bias.
        noise_upsample_rates: upsampling factor of each noise stage; kernels are twice as long.
        noise_upsample_activation: activation after each of them (see
            `wavegan.layers.nonlinearity`).
        noise_upsample_leaky_slope: slope of "leaky_relu" below 0.
        upsample_rates: upsampling factor of each block; 1 is allowed.
        upsample_mode: interpolation in the blocks, as in `torch.nn.functional.interpolate`.
        gated_function: "softmax" over the channels or "sigmoid".
        weight_norm: use weight norm on all convolutions.
        mel_mean: mean to subtract from the input: one number, or one per band.
        mel_std: standard deviation to divide by, positive: one number, or one per band.
        channels: audio channels.
        hop_length: samples per frame of the mel front-end, to check the rates; None: no check.

    Raises:
        UserError: options contradict each other.
    """

    def __init__(
        self,
        *,
        n_mels: int = 80,
        noise_channels: int = 128,
        width: int = 64,
        kernel_size: int = 9,
        dilation: int = 2,
        bias: bool = True,
        noise_upsample_rates: Sequence[int] = (11, 2, 2, 2),
        noise_upsample_activation: ActivationName = "leaky_relu",
        noise_upsample_leaky_slope: float = 0.2,
        upsample_rates: Sequence[int] = (2, 2, 2, 2, 2, 2, 2, 2, 1),
        upsample_mode: Mode = "nearest",
        gated_function: Gate = "softmax",
        weight_norm: bool = True,
        mel_mean: Statistics = 0.0,
        mel_std: Statistics = 1.0,
        channels: int = 1,
        hop_length: int | None = None,
    ) -> None:
        super().__init__()
        check_rates(upsample_rates, 1)
        self.hop_length = check_hop_length(upsample_rates, hop_length)
        _check(n_mels, noise_channels, width, channels, noise_upsample_rates)
        self.noise_channels, self.noise_hop = noise_channels, math.prod(noise_upsample_rates)
        self.standardize = Standardize(n_mels, mel_mean, mel_std)
        self.activation = activation_function(noise_upsample_activation, noise_upsample_leaky_slope)
        self.noise_ups = nn.ModuleList(
            _upsample(noise_channels if stage == 0 else width, width, rate, bias)
            for stage, rate in enumerate(noise_upsample_rates)
        )
        self.blocks = nn.ModuleList(
            TADEResBlock(
                width,
                n_mels if stage == 0 else width,
                kernel_size=kernel_size,
                dilation=dilation,
                rate=rate,
                mode=upsample_mode,
                gate=gated_function,
                bias=bias,
            )
            for stage, rate in enumerate(upsample_rates)
        )
        self.conv_post = nn.Conv1d(
            width, channels, kernel_size, padding=same_padding(kernel_size), bias=bias
        )
        if weight_norm:
            normalize_all(self)

    def forward(self, mel: Tensor, noise: Tensor | None = None) -> Tensor:
        """Shape: `(B, n_mels, L)` and `(B, noise_channels, N)` to `(B, channels, L * hop)`.

        N is that of `noise_shape(L)`. Without `noise`, it is drawn from torch's global generator.
        """
        frames = mel.shape[-1]
        if noise is None:
            shape = self.noise_shape(frames)
            noise = torch.randn(len(mel), *shape, device=mel.device, dtype=mel.dtype)
        x = noise
        for up in self.noise_ups:
            x = self.activation(up(x))
        # Without this padding, the abrupt end of the mel would cause a click.
        condition = pad(self.standardize(mel), (0, x.shape[-1] - frames), "replicate")
        for block in self.blocks:
            x, condition = block(x, condition)
        return torch.tanh(self.conv_post(x))[..., : self.output_length(frames)]

    def noise_shape(self, frames: int) -> tuple[int, int]:
        """`(noise_channels, N)`: N is L over the product of `noise_upsample_rates`, rounded up."""
        return self.noise_channels, -(-frames // self.noise_hop)


def _upsample(in_channels: int, out_channels: int, rate: int, bias: bool) -> nn.ConvTranspose1d:
    odd = rate % 2
    return nn.ConvTranspose1d(
        in_channels,
        out_channels,
        2 * rate,
        stride=rate,
        padding=rate // 2 + odd,
        output_padding=odd,
        bias=bias,
    )


def _check(
    n_mels: int, noise_channels: int, width: int, channels: int, noise_rates: Sequence[int]
) -> None:
    if min(n_mels, noise_channels, width, channels) < 1:
        raise UserError(
            f"n_mels {n_mels}, noise_channels {noise_channels}, width {width} and channels "
            f"{channels} must be at least 1"
        )
    if not noise_rates or min(noise_rates) < 2:
        proposal = [rate for rate in noise_rates if rate > 1] or [11, 2, 2, 2]
        raise UserError(
            f"noise_upsample_rates {list(noise_rates)} must be one or more integers of at least 2, "
            f"such as {proposal}"
        )
