"""BigVGAN: HiFi-GAN's generator with anti-aliased periodic activations.

Source: Lee, Ping, Ginsburg, Catanzaro and Yoon 2022, "BigVGAN: A Universal Neural Vocoder with
Large-Scale Training" (arXiv 2206.04658). Module names are those of github.com/NVIDIA/BigVGAN (MIT);
its checkpoints also contain the fixed low-pass filters, which are computed here.
"""

from collections.abc import Sequence
from typing import Literal

import torch
from torch import Tensor, nn

from wavegan.errors import UserError
from wavegan.generators.base import MelGenerator
from wavegan.layers.activations import AntiAliased, Snake, SnakeBeta
from wavegan.layers.block_checks import check_blocks, check_widths
from wavegan.layers.blocks import multi_receptive_field
from wavegan.layers.conv import conv1d, upsample1d
from wavegan.layers.standardize import Standardize, Statistics
from wavegan.layers.upsampling import check_hop_length, check_kernels

_KERNEL = 7


class BigVGAN(MelGenerator):
    """Turns a log-mel spectrogram `(B, n_mels, L)` into audio `(B, channels, L * hop)` in [-1, 1].

    The defaults are the first version's base model, of 14 million parameters; `hop` is the product
    of `upsample_rates`.

    Args:
        n_mels: mel bands of the input.
        upsample_rates: upsampling factor of each stage.
        upsample_kernel_sizes: kernel of each stage, in output samples; kernel minus rate is even
            and not negative. Twice the rate is usual.
        upsample_initial_channel: channels before the first stage; each stage halves them.
        resblock: "1" (two convolutions per dilation) or "2" (one), each after an activation.
        resblock_kernel_sizes: odd kernels, one residual block each per stage; outputs are averaged.
        resblock_dilation_sizes: a list of dilations for each of these kernels.
        activation: "snake", or "snakebeta" with separate amplitude and frequency parameters.
        snake_logscale: whether the activations' parameters are logarithms.
        use_tanh_at_final: bound the output by tanh; False: by clipping at -1 and 1.
        use_bias_at_final: whether the last convolution has a bias.
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
        n_mels: int = 100,
        upsample_rates: Sequence[int] = (8, 8, 2, 2),
        upsample_kernel_sizes: Sequence[int] = (16, 16, 4, 4),
        upsample_initial_channel: int = 512,
        resblock: Literal["1", "2"] = "1",
        resblock_kernel_sizes: Sequence[int] = (3, 7, 11),
        resblock_dilation_sizes: Sequence[Sequence[int]] = ((1, 3, 5), (1, 3, 5), (1, 3, 5)),
        activation: Literal["snake", "snakebeta"] = "snakebeta",
        snake_logscale: bool = True,
        use_tanh_at_final: bool = True,
        use_bias_at_final: bool = True,
        mel_mean: Statistics = 0.0,
        mel_std: Statistics = 1.0,
        channels: int = 1,
        hop_length: int | None = None,
    ) -> None:
        super().__init__()
        check_kernels(upsample_rates, upsample_kernel_sizes)
        self.hop_length = check_hop_length(upsample_rates, hop_length, upsample_kernel_sizes)
        check_blocks(resblock, resblock_kernel_sizes, resblock_dilation_sizes)
        check_widths(n_mels, channels, upsample_initial_channel, len(upsample_rates))
        if activation not in ("snake", "snakebeta"):
            raise UserError(f'activation {activation!r} is not known: use "snake" or "snakebeta"')

        block = _Block1 if resblock == "1" else _Block2
        self.blocks_per_stage = len(resblock_kernel_sizes)
        self.standardize = Standardize(n_mels, mel_mean, mel_std)
        self.conv_pre = conv1d(n_mels, upsample_initial_channel, _KERNEL)
        self.ups = nn.ModuleList()
        self.resblocks = nn.ModuleList()
        width = upsample_initial_channel
        for rate, kernel in zip(upsample_rates, upsample_kernel_sizes, strict=True):
            # the original keeps a list of one, which names the weights `ups.0.0`
            self.ups.append(nn.Sequential(upsample1d(width, width // 2, kernel, rate)))
            width //= 2
            for size, dilations in zip(resblock_kernel_sizes, resblock_dilation_sizes, strict=True):
                self.resblocks.append(block(width, size, dilations, activation, snake_logscale))
        self.activation_post = _activation(width, activation, snake_logscale)
        self.conv_post = conv1d(width, channels, _KERNEL, bias=use_bias_at_final)
        self.use_tanh_at_final = use_tanh_at_final

    def forward(self, mel: Tensor, noise: Tensor | None = None) -> Tensor:
        """Shape: `(B, n_mels, L)` to `(B, channels, L * hop_length)`."""
        x = self.conv_pre(self.standardize(mel))
        for stage, up in enumerate(self.ups):
            x = multi_receptive_field(up(x), self.resblocks, stage, self.blocks_per_stage)
        x = self.conv_post(self.activation_post(x))
        return torch.tanh(x) if self.use_tanh_at_final else x.clamp(-1.0, 1.0)


class _Block1(nn.Module):
    """Per dilation: activation, dilated convolution, activation, convolution, residual sum."""

    def __init__(
        self, channels: int, kernel: int, dilations: Sequence[int], name: str, logscale: bool
    ) -> None:
        super().__init__()
        self.convs1 = _convolutions(channels, kernel, dilations)
        self.convs2 = _convolutions(channels, kernel, [1] * len(dilations))
        self.activations = nn.ModuleList(
            _activation(channels, name, logscale) for _ in range(2 * len(dilations))
        )

    def forward(self, x: Tensor) -> Tensor:
        """Shape: `(B, C, T)` to the same."""
        for index, (dilated, plain) in enumerate(zip(self.convs1, self.convs2, strict=True)):
            step = dilated(self.activations[2 * index](x))
            x = x + plain(self.activations[2 * index + 1](step))
        return x


class _Block2(nn.Module):
    """Per dilation: activation, dilated convolution, residual sum."""

    def __init__(
        self, channels: int, kernel: int, dilations: Sequence[int], name: str, logscale: bool
    ) -> None:
        super().__init__()
        self.convs = _convolutions(channels, kernel, dilations)
        self.activations = nn.ModuleList(_activation(channels, name, logscale) for _ in dilations)

    def forward(self, x: Tensor) -> Tensor:
        """Shape: `(B, C, T)` to the same."""
        for conv, activation in zip(self.convs, self.activations, strict=True):
            x = x + conv(activation(x))
        return x


def _convolutions(channels: int, kernel: int, dilations: Sequence[int]) -> nn.ModuleList:
    return nn.ModuleList(conv1d(channels, channels, kernel, dilation=d) for d in dilations)


def _activation(channels: int, name: str, logscale: bool) -> AntiAliased:
    snake = Snake if name == "snake" else SnakeBeta
    return AntiAliased(snake(channels, logscale=logscale))
