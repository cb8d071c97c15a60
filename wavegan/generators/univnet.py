"""UnivNet: upsampled noise, with convolution kernels predicted from each mel frame.

Source: Jang et al. 2021, "UnivNet: A Neural Vocoder with Multi-Resolution Spectrogram
Discriminators for High-Fidelity Waveform Generation" (arXiv 2106.07889), as in
github.com/maum-ai/univnet (BSD). Module names are those of transformers' `UnivNetModel` (Apache 2),
so its weights load unchanged.
"""

from collections.abc import Mapping, Sequence

import torch
from torch import Tensor, nn
from torch.nn.functional import leaky_relu

from wavegan.errors import UserError
from wavegan.generators.base import MelGenerator
from wavegan.layers.conv import conv1d
from wavegan.layers.lvc import KernelPredictor, LocationVariableBlock
from wavegan.layers.upsampling import check_hop_length, check_rates


class UnivNet(MelGenerator):
    """Turns a log-mel spectrogram `(B, n_mels, L)` and noise into audio `(B, channels, L * hop)`.

    The audio is in [-1, 1]; the defaults are UnivNet-c32; `hop` is the product of
    `upsample_rates`. The noise's borders are reflected, so L must be at least 4.

    maum-ai's `inference` appends ten frames of silence to a spectrogram and cuts their audio off,
    to avoid clicks at the end; this is only the network, as in training and in transformers.

    Args:
        n_mels: mel bands of the input.
        upsample_rates: upsampling factor of each stage; kernels are twice as long.
        hidden_channels: channels of the network: 32 in c32, 16 in c16.
        noise_channels: channels of the noise.
        kernel_sizes: kernel of the dilated and the predicted convolutions of each stage; odd.
        dilations: dilations of each stage, each with one dilated and one predicted convolution.
        predictor_channels: channels of the networks that predict kernels.
        predictor_blocks: residual blocks in each of them.
        predictor_kernel_size: kernel of their convolutions, frames; odd.
        predictor_dropout: dropout rate before each of these blocks in training.
        leaky_slope: slope of the leaky ReLUs.
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
        upsample_rates: Sequence[int] = (8, 8, 4),
        hidden_channels: int = 32,
        noise_channels: int = 64,
        kernel_sizes: Sequence[int] = (3, 3, 3),
        dilations: Sequence[Sequence[int]] = ((1, 3, 9, 27), (1, 3, 9, 27), (1, 3, 9, 27)),
        predictor_channels: int = 64,
        predictor_blocks: int = 3,
        predictor_kernel_size: int = 3,
        predictor_dropout: float = 0.0,
        leaky_slope: float = 0.2,
        channels: int = 1,
        hop_length: int | None = None,
    ) -> None:
        super().__init__()
        check_rates(upsample_rates, 2)
        self.hop_length = check_hop_length(upsample_rates, hop_length)
        _check_stages(len(upsample_rates), kernel_sizes, dilations)
        _check_predictor(predictor_blocks, predictor_kernel_size, predictor_dropout)
        _check_widths(
            {
                "n_mels": n_mels,
                "hidden_channels": hidden_channels,
                "noise_channels": noise_channels,
                "predictor_channels": predictor_channels,
                "channels": channels,
            }
        )

        self.leaky_slope = leaky_slope
        self.noise_channels = noise_channels
        self.conv_pre = conv1d(noise_channels, hidden_channels, 7, padding_mode="reflect")
        self.resblocks = nn.ModuleList()
        for rate, size, stage in zip(upsample_rates, kernel_sizes, dilations, strict=True):
            predictor = KernelPredictor(
                n_mels,
                hidden_channels,
                size,
                len(stage),
                hidden=predictor_channels,
                blocks=predictor_blocks,
                conv_size=predictor_kernel_size,
                dropout=predictor_dropout,
                slope=leaky_slope,
            )
            self.resblocks.append(
                LocationVariableBlock(hidden_channels, rate, size, stage, predictor, leaky_slope)
            )
        self.conv_post = conv1d(hidden_channels, channels, 7, padding_mode="reflect")

    def forward(self, mel: Tensor, noise: Tensor | None = None) -> Tensor:
        """Vocode a spectrogram; None draws the noise.

        Shape: `(B, n_mels, L)` and `(B, noise_channels, L)` to `(B, channels, L * hop_length)`.
        """
        if noise is None:
            shape = (mel.shape[0], *self.noise_shape(mel.shape[-1]))
            noise = torch.randn(shape, dtype=mel.dtype, device=mel.device)
        x = self.conv_pre(noise)
        for stage in self.resblocks:
            x = stage(x, mel)
        return torch.tanh(self.conv_post(leaky_relu(x, self.leaky_slope)))

    def noise_shape(self, frames: int) -> tuple[int, int]:
        """`(noise_channels, frames)`, the noise of one item."""
        return self.noise_channels, frames


def _check_stages(
    stages: int, kernel_sizes: Sequence[int], dilations: Sequence[Sequence[int]]
) -> None:
    kernels, given = list(kernel_sizes), [list(each) for each in dilations]
    odd = [max(kernel + 1 - kernel % 2, 1) for kernel in kernels[:stages]]
    fitting = [[max(d, 1) for d in each] or [1, 3, 9, 27] for each in given[:stages]]
    odd += [3] * (stages - len(odd))
    fitting += [[1, 3, 9, 27]] * (stages - len(fitting))
    if (odd, fitting) != (kernels, given):
        raise UserError(
            f"kernel_sizes {kernels} and dilations {given} do not fit {stages} upsample_rates: "
            f"each rate needs an odd kernel and a list of dilations, such as {odd} and {fitting}"
        )


def _check_predictor(blocks: int, kernel_size: int, dropout: float) -> None:
    if blocks < 0 or not 0 <= dropout < 1:
        raise UserError(
            f"predictor_blocks {blocks} and predictor_dropout {dropout} must be at least 0, and "
            "the latter below 1: use 3 and 0.0"
        )
    if kernel_size < 1 or kernel_size % 2 == 0:
        raise UserError(
            f"predictor_kernel_size {kernel_size} must be odd to keep the number of frames: use "
            f"{max(kernel_size + 1, 1)}"
        )


def _check_widths(widths: Mapping[str, int]) -> None:
    for name, width in widths.items():
        if width < 1:
            raise UserError(f"{name} {width} must be at least 1")
