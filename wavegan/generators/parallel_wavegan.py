"""Parallel WaveGAN: a WaveNet that turns noise into audio in one pass, conditioned on the mel.

Source: Yamamoto, Song and Kim 2020, "Parallel WaveGAN: A Fast Waveform Generation Model Based on
Generative Adversarial Networks with Multi-Resolution Spectrogram" (arXiv 1910.11480), as in
github.com/kan-bayashi/ParallelWaveGAN (MIT).
"""

from collections.abc import Sequence
from typing import Literal

import torch
from torch import Tensor, nn
from torch.nn.functional import relu

from wavegan.errors import UserError
from wavegan.generators.base import MelGenerator
from wavegan.layers.mel_upsampling import FrameContext, Interpolation, MelUpsampling
from wavegan.layers.nonlinearity import ActivationName, activation_function
from wavegan.layers.normalize_all import normalize_all
from wavegan.layers.standardize import Standardize, Statistics
from wavegan.layers.upsampling import check_hop_length, check_rates
from wavegan.layers.wavenet import WaveNet


class ParallelWaveGAN(MelGenerator):
    """Turns a log-mel spectrogram `(B, n_mels, L)` and noise into audio `(B, channels, L * hop)`.

    `hop` is the product of `upsample_rates`. As published, the output is not limited to [-1, 1].

    Args:
        n_mels: mel bands of the input.
        noise_channels: channels of the noise, which has the length of the audio.
        kernel_size: kernel of the dilated convolutions; odd, unless causal.
        layers: number of dilated convolutions, a multiple of `stacks`.
        stacks: number of stacks; each restarts the dilations 1, 2, 4 and so on.
        residual_channels: channels between the layers.
        gate_channels: channels of the dilated convolutions; even.
        skip_channels: channels of the sum of skip connections.
        aux_context_window: context frames of "conv_in" on each side of a frame; 0 for "plain".
        dropout: dropout rate before each dilated convolution in training.
        bias: whether the layers' convolutions have a bias.
        weight_norm: use weight norm on all convolutions.
        causal: frames and samples do not influence earlier samples.
        upsample_net: "conv_in" mixes each frame with its neighbours before upsampling; "plain"
            does not.
        upsample_rates: upsampling factor of each stage; empty if the mel has the audio's rate.
        upsample_activation: activation after each stage (see `wavegan.layers.nonlinearity`), or
            None.
        upsample_leaky_slope: slope of "leaky_relu" below 0.
        interpolate_mode: interpolation of a stage, as in `torch.nn.functional.interpolate`.
        freq_axis_kernel_size: kernel of a stage along the mel bands; odd.
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
        noise_channels: int = 1,
        kernel_size: int = 3,
        layers: int = 30,
        stacks: int = 3,
        residual_channels: int = 64,
        gate_channels: int = 128,
        skip_channels: int = 64,
        aux_context_window: int = 2,
        dropout: float = 0.0,
        bias: bool = True,
        weight_norm: bool = True,
        causal: bool = False,
        upsample_net: Literal["conv_in", "plain"] = "conv_in",
        upsample_rates: Sequence[int] = (4, 4, 4, 4),
        upsample_activation: ActivationName | None = None,
        upsample_leaky_slope: float = 0.01,
        interpolate_mode: Interpolation = "nearest",
        freq_axis_kernel_size: int = 1,
        mel_mean: Statistics = 0.0,
        mel_std: Statistics = 1.0,
        channels: int = 1,
        hop_length: int | None = None,
    ) -> None:
        super().__init__()
        if upsample_rates:
            check_rates(upsample_rates, 1)
        self.hop_length = check_hop_length(upsample_rates or [1], hop_length)
        _check_context(upsample_net, aux_context_window)
        _check_ends(n_mels, noise_channels, channels)
        self.noise_channels = noise_channels
        self.standardize = Standardize(n_mels, mel_mean, mel_std)
        self.context = (
            FrameContext(n_mels, aux_context_window, causal=causal)
            if upsample_net == "conv_in"
            else nn.Identity()
        )
        self.upsample = MelUpsampling(
            upsample_rates,
            activation=upsample_activation
            and activation_function(upsample_activation, upsample_leaky_slope),
            mode=interpolate_mode,
            freq_axis_kernel_size=freq_axis_kernel_size,
            causal=causal,
        )
        self.wavenet = WaveNet(
            in_channels=noise_channels,
            out_channels=channels,
            layers=layers,
            stacks=stacks,
            kernel_size=kernel_size,
            residual_channels=residual_channels,
            gate_channels=gate_channels,
            skip_channels=skip_channels,
            condition_channels=n_mels,
            dropout=dropout,
            bias=bias,
            causal=causal,
            activation=relu,
        )
        if weight_norm:
            normalize_all(self)

    def forward(self, mel: Tensor, noise: Tensor | None = None) -> Tensor:
        """Shape: `(B, n_mels, L)` and `(B, noise_channels, L * hop)` to `(B, channels, L * hop)`.

        Without `noise`, it is drawn from torch's global generator.
        """
        if noise is None:
            shape = self.noise_shape(mel.shape[-1])
            noise = torch.randn(len(mel), *shape, device=mel.device, dtype=mel.dtype)
        condition = self.upsample(self.context(self.standardize(mel)))
        return self.wavenet(noise, condition)  # type: ignore[no-any-return]

    def noise_shape(self, frames: int) -> tuple[int, int]:
        """One value of noise per sample of audio: `(noise_channels, frames * hop)`."""
        return self.noise_channels, self.output_length(frames)


def _check_context(upsample_net: str, window: int) -> None:
    if upsample_net not in ("conv_in", "plain"):
        raise UserError(f'upsample_net {upsample_net!r} is not known: use "conv_in" or "plain"')
    if window < 0 or (window and upsample_net == "plain"):
        raise UserError(
            f"aux_context_window {window} does not fit upsample_net {upsample_net!r}, which takes "
            + ("0 only: use 0" if upsample_net == "plain" else "0 or more: use 2")
        )


def _check_ends(n_mels: int, noise_channels: int, channels: int) -> None:
    if min(n_mels, noise_channels, channels) < 1:
        raise UserError(
            f"n_mels {n_mels}, noise_channels {noise_channels} and channels {channels} must be at "
            "least 1"
        )
