"""HiFi-GAN: transposed convolutions, each followed by residual blocks of several kernels.

Source: Kong, Kim and Bae 2020, "HiFi-GAN: Generative Adversarial Networks for Efficient and High
Fidelity Speech Synthesis" (arXiv 2010.05646). Module names are those of github.com/jik876/hifi-gan
(MIT), so the `generator` weights of its checkpoints load unchanged. The causal variant and
the options after `resblock_dilation_sizes` are those of github.com/kan-bayashi/ParallelWaveGAN
(MIT).
"""

from collections.abc import Sequence
from functools import partial
from typing import Literal

import torch
from torch import Tensor, nn
from torch.nn.functional import leaky_relu

from wavegan.errors import UserError
from wavegan.generators.base import MelGenerator
from wavegan.layers.block_checks import check_blocks, check_widths
from wavegan.layers.blocks import HIFIGAN_SLOPE, ResBlock1, ResBlock2, multi_receptive_field
from wavegan.layers.causal import causal_conv1d, causal_upsample1d
from wavegan.layers.conv import conv1d, upsample1d
from wavegan.layers.nonlinearity import ActivationName, activation_function
from wavegan.layers.standardize import Standardize, Statistics
from wavegan.layers.upsampling import check_hop_length, check_kernels, check_rates


class HiFiGAN(MelGenerator):
    """Turns a log-mel spectrogram `(B, n_mels, L)` into audio `(B, channels, L * hop)` in [-1, 1].

    The defaults are V1; `hop` is the product of `upsample_rates`.

    Args:
        n_mels: mel bands of the input.
        upsample_rates: upsampling factor of each stage.
        upsample_kernel_sizes: kernel of each stage, in output samples; kernel minus rate is even
            and not negative (see `output_padding`, `causal`). Twice the rate is usual.
        upsample_initial_channel: channels before the first stage; each stage halves them.
        resblock: "1" (two convolutions per dilation) or "2" (one).
        resblock_kernel_sizes: odd kernels, one residual block each per stage; outputs are averaged.
        resblock_dilation_sizes: a list of dilations for each of these kernels.
        kernel_size: kernel of the first and the last convolution, odd.
        bias: whether convolutions have a bias.
        activation: activation before every convolution except the first and the last.
        leaky_slope: slope of "leaky_relu" there.
        output_padding: allow an odd difference of kernel and rate: one more sample is cut on both
            sides and one added at the end, as in ParallelWaveGAN for odd rates.
        causal: output samples do not depend on later frames; each kernel must be twice its rate.
        mel_mean: mean to subtract from the input: one number, or one per band.
        mel_std: standard deviation to divide by, positive: one number, or one per band.
        channels: audio channels.
        hop_length: samples per frame of the mel front-end, to check the rates; None: no check.

    Raises:
        UserError: options contradict each other.
    """

    local = True

    def __init__(
        self,
        *,
        n_mels: int = 80,
        upsample_rates: Sequence[int] = (8, 8, 2, 2),
        upsample_kernel_sizes: Sequence[int] = (16, 16, 4, 4),
        upsample_initial_channel: int = 512,
        resblock: Literal["1", "2"] = "1",
        resblock_kernel_sizes: Sequence[int] = (3, 7, 11),
        resblock_dilation_sizes: Sequence[Sequence[int]] = ((1, 3, 5), (1, 3, 5), (1, 3, 5)),
        kernel_size: int = 7,
        bias: bool = True,
        activation: ActivationName = "leaky_relu",
        leaky_slope: float = HIFIGAN_SLOPE,
        output_padding: bool = False,
        causal: bool = False,
        mel_mean: Statistics = 0.0,
        mel_std: Statistics = 1.0,
        channels: int = 1,
        hop_length: int | None = None,
    ) -> None:
        super().__init__()
        _check_upsampling(upsample_rates, upsample_kernel_sizes, output_padding, causal)
        self.hop_length = check_hop_length(upsample_rates, hop_length, upsample_kernel_sizes)
        check_blocks(resblock, resblock_kernel_sizes, resblock_dilation_sizes)
        check_widths(n_mels, channels, upsample_initial_channel, len(upsample_rates))
        _check_ends(kernel_size)

        conv = partial(causal_conv1d if causal else conv1d, bias=bias)
        upsample = partial(causal_upsample1d if causal else upsample1d, bias=bias)
        self.activation = activation_function(activation, leaky_slope)
        block = partial(
            ResBlock1 if resblock == "1" else ResBlock2, conv=conv, activation=self.activation
        )
        self.blocks_per_stage = len(resblock_kernel_sizes)
        self.standardize = Standardize(n_mels, mel_mean, mel_std)
        self.conv_pre = conv(n_mels, upsample_initial_channel, kernel_size)
        self.ups = nn.ModuleList()
        self.resblocks = nn.ModuleList()
        width = upsample_initial_channel
        for rate, kernel in zip(upsample_rates, upsample_kernel_sizes, strict=True):
            self.ups.append(upsample(width, width // 2, kernel, rate))
            width //= 2
            for size, dilations in zip(resblock_kernel_sizes, resblock_dilation_sizes, strict=True):
                self.resblocks.append(block(width, size, dilations))
        self.conv_post = conv(width, channels, kernel_size)

    def forward(self, mel: Tensor, noise: Tensor | None = None) -> Tensor:
        """Shape: `(B, n_mels, L)` to `(B, channels, L * hop_length)`."""
        x = self.conv_pre(self.standardize(mel))
        for stage, up in enumerate(self.ups):
            x = up(self.activation(x))
            x = multi_receptive_field(x, self.resblocks, stage, self.blocks_per_stage)
        # Published weights were trained with torch's default slope, 0.01, here.
        return torch.tanh(self.conv_post(leaky_relu(x)))


def _check_upsampling(
    rates: Sequence[int], kernels: Sequence[int], output_padding: bool, causal: bool
) -> None:
    if causal:
        check_rates(rates, 1)
        doubled = [2 * rate for rate in rates]
        if list(kernels) != doubled:
            raise UserError(
                f"upsample_kernel_sizes {list(kernels)} with causal: each must be twice its rate "
                f"in upsample_rates {list(rates)}: use {doubled}"
            )
        return
    # With output padding, an odd difference works like the even one below it.
    even = [
        kernel - (output_padding and kernel > rate > 1 and (kernel - rate) % 2)
        for kernel, rate in zip(kernels, rates, strict=False)
    ]
    check_kernels(rates, [*even, *kernels[len(even) :]])


def _check_ends(kernel_size: int) -> None:
    if kernel_size < 1 or kernel_size % 2 == 0:
        raise UserError(
            f"kernel_size {kernel_size} must be odd and positive: use {max(kernel_size + 1, 1)}"
        )
