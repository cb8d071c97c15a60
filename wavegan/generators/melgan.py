"""MelGAN: transposed convolutions, each followed by a stack of dilated residual layers.

Source: Kumar et al. 2019, "MelGAN: Generative Adversarial Networks for Conditional Waveform
Synthesis" (arXiv 1910.06711), in the shape of github.com/descriptinc/melgan-neurips (MIT).
github.com/seungwonpark/melgan (BSD) is the same network with `mel_mean=-5, mel_std=5`.
"""

from collections.abc import Sequence

import torch
from torch import Tensor, nn
from torch.nn.functional import leaky_relu

from wavegan.errors import UserError
from wavegan.generators.base import Generator
from wavegan.layers.blocks import MELGAN_SLOPE, MelGANResidual
from wavegan.layers.conv import conv1d, upsample1d
from wavegan.layers.standardize import Standardize, Statistics
from wavegan.layers.upsampling import check_hop_length, check_rates


class MelGAN(Generator):
    """Turns a log-mel spectrogram `(B, n_mels, L)` into audio `(B, channels, L * hop)` in [-1, 1].

    Borders are reflected, so L must be at least 4, and `L * upsample_rates[0]` must exceed the
    largest dilation, `3 ** (residual_layers - 1)`.

    Args:
        n_mels: mel bands of the input.
        upsample_rates: samples made from one by each stage; kernels are twice as long.
        upsample_initial_channel: channels before the first stage; each stage halves them.
            32 · 2⁴ in the paper.
        residual_layers: per stage, with dilations 1, 3, 9 and so on.
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
        upsample_initial_channel: int = 512,
        residual_layers: int = 3,
        mel_mean: Statistics = 0.0,
        mel_std: Statistics = 1.0,
        channels: int = 1,
        hop_length: int | None = None,
    ) -> None:
        super().__init__()
        check_rates(upsample_rates, 2)
        self.hop_length = check_hop_length(upsample_rates, hop_length)
        if min(n_mels, channels) < 1:
            raise UserError(f"n_mels {n_mels} and channels {channels} must be at least 1")
        _check_depth(upsample_initial_channel, len(upsample_rates), residual_layers)

        self.standardize = Standardize(n_mels, mel_mean, mel_std)
        self.residual_layers = residual_layers
        self.conv_pre = conv1d(n_mels, upsample_initial_channel, 7, padding_mode="reflect")
        self.ups = nn.ModuleList()
        self.resblocks = nn.ModuleList()
        width = upsample_initial_channel
        for rate in upsample_rates:
            self.ups.append(upsample1d(width, width // 2, 2 * rate, rate))
            width //= 2
            for layer in range(residual_layers):
                self.resblocks.append(MelGANResidual(width, dilation=3**layer))
        self.conv_post = conv1d(width, channels, 7, padding_mode="reflect")

    def forward(self, mel: Tensor) -> Tensor:
        """Shape: `(B, n_mels, L)` to `(B, channels, L * hop_length)`."""
        x = self.conv_pre(self.standardize(mel))
        for stage, up in enumerate(self.ups):
            x = up(leaky_relu(x, MELGAN_SLOPE))
            for layer in range(self.residual_layers):
                x = self.resblocks[stage * self.residual_layers + layer](x)
        return torch.tanh(self.conv_post(leaky_relu(x, MELGAN_SLOPE)))


def _check_depth(initial: int, stages: int, residual_layers: int) -> None:
    if initial < 2**stages:
        raise UserError(
            f"upsample_initial_channel {initial} cannot be halved by each of the {stages} "
            f"upsample_rates: use at least {2**stages}"
        )
    if residual_layers < 0:
        raise UserError(f"residual_layers {residual_layers} must be 0 or more: use 3")
