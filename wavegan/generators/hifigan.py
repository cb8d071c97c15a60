"""HiFi-GAN: transposed convolutions, each followed by residual blocks of several kernels.

Source: Kong, Kim and Bae 2020, "HiFi-GAN: Generative Adversarial Networks for Efficient and High
Fidelity Speech Synthesis" (arXiv 2010.05646). Module names are those of github.com/jik876/hifi-gan
(MIT), so that the `generator` weights of its checkpoints load as they are.
"""

from collections.abc import Sequence
from typing import Literal

import torch
from torch import Tensor, nn
from torch.nn.functional import leaky_relu

from wavegan.errors import UserError
from wavegan.generators.base import Generator
from wavegan.layers.blocks import HIFIGAN_SLOPE, ResBlock1, ResBlock2
from wavegan.layers.conv import conv1d, upsample1d
from wavegan.layers.standardize import Standardize, Statistics
from wavegan.layers.upsampling import check_hop_length, check_kernels


class HiFiGAN(Generator):
    """Turns a log-mel spectrogram `(B, n_mels, L)` into audio `(B, channels, L * hop)` in [-1, 1].

    The defaults are V1; `hop` is the product of `upsample_rates`.

    Args:
        n_mels: mel bands of the input.
        upsample_rates: samples made from one by each stage.
        upsample_kernel_sizes: kernel of each stage, in output samples; kernel minus rate is even
            and not negative. Twice the rate is usual.
        upsample_initial_channel: channels before the first stage; each stage halves them.
        resblock: "1" (two convolutions per dilation) or "2" (one).
        resblock_kernel_sizes: odd kernels; one residual block each in every stage, averaged.
        resblock_dilation_sizes: for each of these kernels its dilations, any number.
        mel_mean: subtracted from the input first: one number, or one for each band.
        mel_std: what is left is divided by it; positive, likewise.
        channels: audio channels.
        hop_length: samples per frame of the mel front-end, if it is to be checked.

    Raises:
        UserError: two of these contradict each other.
    """

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
        mel_mean: Statistics = 0.0,
        mel_std: Statistics = 1.0,
        channels: int = 1,
        hop_length: int | None = None,
    ) -> None:
        super().__init__()
        check_kernels(upsample_rates, upsample_kernel_sizes)
        self.hop_length = check_hop_length(upsample_rates, hop_length, upsample_kernel_sizes)
        _check_blocks(resblock, resblock_kernel_sizes, resblock_dilation_sizes)
        _check_widths(n_mels, channels, upsample_initial_channel, len(upsample_rates))

        block = ResBlock1 if resblock == "1" else ResBlock2
        self.blocks_per_stage = len(resblock_kernel_sizes)
        self.standardize = Standardize(n_mels, mel_mean, mel_std)
        self.conv_pre = conv1d(n_mels, upsample_initial_channel, 7)
        self.ups = nn.ModuleList()
        self.resblocks = nn.ModuleList()
        width = upsample_initial_channel
        for rate, kernel in zip(upsample_rates, upsample_kernel_sizes, strict=True):
            self.ups.append(upsample1d(width, width // 2, kernel, rate))
            width //= 2
            for size, dilations in zip(resblock_kernel_sizes, resblock_dilation_sizes, strict=True):
                self.resblocks.append(block(width, size, dilations))
        self.conv_post = conv1d(width, channels, 7)

    def forward(self, mel: Tensor) -> Tensor:
        """Shape: `(B, n_mels, L)` to `(B, channels, L * hop_length)`."""
        x = self.conv_pre(self.standardize(mel))
        for stage, up in enumerate(self.ups):
            x = up(leaky_relu(x, HIFIGAN_SLOPE))
            first = stage * self.blocks_per_stage
            total = self.resblocks[first](x)
            for index in range(first + 1, first + self.blocks_per_stage):
                total = total + self.resblocks[index](x)
            x = total / self.blocks_per_stage
        # Published weights were trained with torch's default slope, 0.01, here.
        return torch.tanh(self.conv_post(leaky_relu(x)))


def _check_blocks(
    resblock: str, kernels: Sequence[int], dilations: Sequence[Sequence[int]]
) -> None:
    if resblock not in ("1", "2"):
        raise UserError(f'resblock {resblock!r} is not known: use "1" or "2"')
    given = [list(each) for each in dilations]
    usual = [1, 3, 5] if resblock == "1" else [1, 3]
    odd = [max(kernel + 1 - kernel % 2, 1) for kernel in kernels] or [3]
    fitting = [[max(d, 1) for d in each] or usual for each in given[: len(odd)]]
    fitting += [usual] * (len(odd) - len(fitting))
    if odd != list(kernels) or fitting != given:
        raise UserError(
            f"resblock_kernel_sizes {list(kernels)} and resblock_dilation_sizes {given} do not "
            f"fit: each odd kernel needs its list of dilations, such as {odd} and {fitting}"
        )


def _check_widths(n_mels: int, channels: int, initial: int, stages: int) -> None:
    if min(n_mels, channels) < 1:
        raise UserError(f"n_mels {n_mels} and channels {channels} must be at least 1")
    if initial < 2**stages:
        raise UserError(
            f"upsample_initial_channel {initial} cannot be halved by each of the {stages} "
            f"upsample_rates: use at least {2**stages}"
        )
