"""MelGAN: transposed convolutions, each followed by a stack of dilated residual layers.

Source: Kumar et al. 2019, "MelGAN: Generative Adversarial Networks for Conditional Waveform
Synthesis" (arXiv 1910.06711), as in github.com/descriptinc/melgan-neurips (MIT).
github.com/seungwonpark/melgan (BSD) is the same network with `mel_mean=-5, mel_std=5`. Several
bands: Yang et al. 2020, "Multi-band MelGAN" (arXiv 2005.05106), as in
github.com/kan-bayashi/ParallelWaveGAN (MIT), with its other options.
"""

from collections.abc import Sequence
from functools import partial

import torch
from torch import Tensor, nn

from wavegan.audio.pqmf import PQMF
from wavegan.errors import UserError
from wavegan.generators.base import MelGenerator
from wavegan.layers.block_checks import check_widths
from wavegan.layers.blocks import MELGAN_SLOPE, MelGANResidual
from wavegan.layers.causal import causal_conv1d, causal_upsample1d
from wavegan.layers.conv import PaddingMode, conv1d, upsample1d
from wavegan.layers.nonlinearity import ActivationName, activation_function
from wavegan.layers.standardize import Standardize, Statistics
from wavegan.layers.upsampling import check_hop_length, check_rates


class MelGAN(MelGenerator):
    """Turns a log-mel spectrogram `(B, n_mels, L)` into audio `(B, channels, L * hop)` in [-1, 1].

    `hop` is the product of `upsample_rates`, times `bands`. Borders are reflected, so L must exceed
    half of `kernel_size`, and `L * upsample_rates[0]` the largest dilation,
    `residual_kernel_size ** (residual_layers - 1)`, times half of that kernel. In the causal
    variant, the factor is the whole kernel minus one in both cases.

    Args:
        n_mels: mel bands of the input.
        upsample_rates: upsampling factor of each stage; kernels are twice as long.
        upsample_initial_channel: channels before the first stage; each stage halves them.
            32 · 2⁴ in the paper.
        residual_layers: residual layers per stage; with kernels of 3, dilations are 1, 3, 9, ….
        residual_kernel_size: kernel of their dilated convolutions, odd; dilations are its powers.
        kernel_size: kernel of the first and the last convolution, odd.
        bias: whether convolutions have a bias.
        activation: activation before every convolution except the first and the shortcuts.
        leaky_slope: slope of "leaky_relu".
        padding_mode: padding at the borders.
        final_tanh: bound the output by tanh; False: the audio is not bounded.
        causal: output samples do not depend on later frames, except for the lookahead of the
            sub-band filters (`pqmf_taps / 2` samples); kernels may be even. Transposed
            convolutions always repeat the first sample, whatever `padding_mode`.
        bands: number of sub-bands of the network; above 1, a `PQMF` bank joins them.
        pqmf_taps: see `wavegan.audio.pqmf.PQMF`.
        pqmf_cutoff_ratio: see there; the default is for 4 bands.
        pqmf_beta: see there.
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
        upsample_initial_channel: int = 512,
        residual_layers: int = 3,
        residual_kernel_size: int = 3,
        kernel_size: int = 7,
        bias: bool = True,
        activation: ActivationName = "leaky_relu",
        leaky_slope: float = MELGAN_SLOPE,
        padding_mode: PaddingMode = "reflect",
        final_tanh: bool = True,
        causal: bool = False,
        bands: int = 1,
        pqmf_taps: int = 62,
        pqmf_cutoff_ratio: float = 0.142,
        pqmf_beta: float = 9.0,
        mel_mean: Statistics = 0.0,
        mel_std: Statistics = 1.0,
        channels: int = 1,
        hop_length: int | None = None,
    ) -> None:
        super().__init__()
        check_rates(upsample_rates, 1 if causal else 2)
        self.hop_length = _hop_length(upsample_rates, bands, hop_length)
        check_widths(n_mels, channels, upsample_initial_channel, len(upsample_rates))
        if residual_layers < 0:
            raise UserError(f"residual_layers {residual_layers} must be 0 or more: use 3")
        _check_kernel("kernel_size", kernel_size, causal)
        _check_kernel("residual_kernel_size", residual_kernel_size, causal)

        conv = partial(causal_conv1d if causal else conv1d, bias=bias, padding_mode=padding_mode)
        upsample = partial(causal_upsample1d if causal else upsample1d, bias=bias)
        self.activation = activation_function(activation, leaky_slope)
        self.residual_layers = residual_layers
        self.final_tanh = final_tanh
        self.standardize = Standardize(n_mels, mel_mean, mel_std)
        self.conv_pre = conv(n_mels, upsample_initial_channel, kernel_size)
        self.ups = nn.ModuleList()
        self.resblocks = nn.ModuleList()
        width = upsample_initial_channel
        for rate in upsample_rates:
            self.ups.append(upsample(width, width // 2, 2 * rate, rate))
            width //= 2
            for layer in range(residual_layers):
                self.resblocks.append(
                    MelGANResidual(
                        width,
                        residual_kernel_size**layer,
                        kernel_size=residual_kernel_size,
                        conv=conv,
                        activation=self.activation,
                    )
                )
        self.conv_post = conv(width, channels * bands, kernel_size)
        self.pqmf = PQMF(bands, pqmf_taps, pqmf_cutoff_ratio, pqmf_beta) if bands > 1 else None

    def forward(self, mel: Tensor, noise: Tensor | None = None) -> Tensor:
        """Shape: `(B, n_mels, L)` to `(B, channels, L * hop_length)`."""
        x = self.conv_pre(self.standardize(mel))
        for stage, up in enumerate(self.ups):
            x = up(self.activation(x))
            for layer in range(self.residual_layers):
                x = self.resblocks[stage * self.residual_layers + layer](x)
        x = self.conv_post(self.activation(x))
        audio = torch.tanh(x) if self.final_tanh else x
        return audio if self.pqmf is None else self.pqmf.synthesis(audio)


def _hop_length(rates: Sequence[int], bands: int, hop_length: int | None) -> int:
    if bands < 1:
        raise UserError(f"bands {bands} must be at least 1: use 1 or 4")
    both = f"generator.bands {bands} and generator.upsample_rates {list(rates)}"
    return check_hop_length(rates, hop_length, factor=bands, product_of=both if bands > 1 else None)


def _check_kernel(name: str, size: int, causal: bool) -> None:
    if size < 1:
        raise UserError(f"{name} {size} must be at least 1: use 3 or 7")
    if size % 2 == 0 and not causal:
        raise UserError(f"{name} {size} must be odd if causal is false: use {size + 1}")
