"""iSTFTNet: the first stages of HiFi-GAN, followed by a small inverse STFT.

Source: Kaneko, Tanaka, Kameoka and Seki 2022, "iSTFTNet: Fast and Lightweight Mel-Spectrogram
Vocoder Incorporating Inverse Short-Time Fourier Transform" (arXiv 2203.02395). Module names are
those of github.com/rishikksh20/iSTFTNet-pytorch (Apache 2.0), so the `generator` weights of its
checkpoints load unchanged.
"""

from collections.abc import Sequence
from typing import Literal

import torch
from torch import Tensor, nn
from torch.nn.functional import leaky_relu, pad

from wavegan.generators.base import MelGenerator
from wavegan.layers.block_checks import check_blocks, check_widths
from wavegan.layers.blocks import HIFIGAN_SLOPE, ResBlock1, ResBlock2, multi_receptive_field
from wavegan.layers.conv import conv1d, upsample1d
from wavegan.layers.istft_head import PolarISTFT
from wavegan.layers.upsampling import check_hop_length, check_kernels


class ISTFTNet(MelGenerator):
    """Turns a log-mel spectrogram `(B, n_mels, L)` into audio `(B, channels, L * hop)`.

    The defaults are C8C8I of V1; `hop` is the product of `upsample_rates` times
    `istft_hop_length`. As in the original, the output is not bounded; with trained weights it is in
    about [-1, 1].

    Args:
        n_mels: mel bands of the input.
        upsample_rates: upsampling factor of each stage, up to the frames of the inverse STFT.
        upsample_kernel_sizes: kernel of each stage, in output frames; kernel minus rate is even
            and not negative. Twice the rate is usual.
        upsample_initial_channel: channels before the first stage; each stage halves them.
        resblock: "1" (two convolutions per dilation) or "2" (one).
        resblock_kernel_sizes: odd kernels, one residual block each per stage; outputs are averaged.
        resblock_dilation_sizes: a list of dilations for each of these kernels.
        istft_n_fft: FFT size of the inverse STFT, samples; even, above its hop.
        istft_hop_length: hop of the inverse STFT, samples.
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
        upsample_rates: Sequence[int] = (8, 8),
        upsample_kernel_sizes: Sequence[int] = (16, 16),
        upsample_initial_channel: int = 512,
        resblock: Literal["1", "2"] = "1",
        resblock_kernel_sizes: Sequence[int] = (3, 7, 11),
        resblock_dilation_sizes: Sequence[Sequence[int]] = ((1, 3, 5), (1, 3, 5), (1, 3, 5)),
        istft_n_fft: int = 16,
        istft_hop_length: int = 4,
        channels: int = 1,
        hop_length: int | None = None,
    ) -> None:
        super().__init__()
        check_kernels(upsample_rates, upsample_kernel_sizes)
        self.hop_length = check_hop_length(
            upsample_rates,
            hop_length,
            upsample_kernel_sizes,
            factor=istft_hop_length,
            product_of=f"generator.upsample_rates {list(upsample_rates)} times "
            f"generator.istft_hop_length {istft_hop_length}",
        )
        check_blocks(resblock, resblock_kernel_sizes, resblock_dilation_sizes)
        check_widths(n_mels, channels, upsample_initial_channel, len(upsample_rates))

        block = ResBlock1 if resblock == "1" else ResBlock2
        self.channels = channels
        self.blocks_per_stage = len(resblock_kernel_sizes)
        self.conv_pre = conv1d(n_mels, upsample_initial_channel, 7)
        self.ups = nn.ModuleList()
        self.resblocks = nn.ModuleList()
        width = upsample_initial_channel
        for rate, kernel in zip(upsample_rates, upsample_kernel_sizes, strict=True):
            self.ups.append(upsample1d(width, width // 2, kernel, rate))
            width //= 2
            for size, dilations in zip(resblock_kernel_sizes, resblock_dilation_sizes, strict=True):
                self.resblocks.append(block(width, size, dilations))
        names = ("istft_n_fft", "istft_hop_length")
        self.inverse = PolarISTFT(istft_n_fft, istft_hop_length, "center", names=names)
        self.conv_post = conv1d(width, channels * (istft_n_fft + 2), 7)

    def forward(self, mel: Tensor, noise: Tensor | None = None) -> Tensor:
        """Shape: `(B, n_mels, L)` to `(B, channels, L * hop_length)`."""
        x = self.conv_pre(mel)
        for stage, up in enumerate(self.ups):
            x = up(leaky_relu(x, HIFIGAN_SLOPE))
            x = multi_receptive_field(x, self.resblocks, stage, self.blocks_per_stage)
        # One frame more, as centred frames give one hop less.
        x = pad(leaky_relu(x), (1, 0), "reflect")
        with torch.autocast(x.device.type, enabled=False):
            bins = self.conv_post(x.float())
            halves = bins.reshape(bins.shape[0], self.channels, 2, -1, bins.shape[-1])
            log_magnitude, turn = halves.unbind(2)
            # Published weights were trained with the sine of the last layer as phase.
            wave: Tensor = self.inverse(log_magnitude.exp(), turn.sin())
        return wave
