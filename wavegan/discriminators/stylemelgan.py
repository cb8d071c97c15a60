"""StyleMelGAN's discriminators: random windows of several lengths, split into sub-bands.

Source: Mustafa, Pia and Fuchs 2021, "StyleMelGAN" (arXiv 2011.01557), as in
github.com/kan-bayashi/ParallelWaveGAN (MIT); the sub-discriminators are MelGAN's (Kumar et al.
2019, arXiv 1910.06711).
"""

from collections.abc import Sequence

import torch
from torch import Tensor, nn

from wavegan.audio.pqmf import PQMF
from wavegan.discriminators._window_discriminator import (
    CHANNELS_PER_GROUP,
    WindowDiscriminator,
    are_two_odd,
    splits_into_groups,
)
from wavegan.discriminators.base import Discriminator, DiscriminatorOutput
from wavegan.errors import UserError
from wavegan.layers.conv import PaddingMode
from wavegan.layers.nonlinearity import ActivationName, activation_function
from wavegan.layers.normalize_all import normalize_all

START = 0.02
"""Standard deviation of the initial weights, before weight norm, as in the original."""


class StyleMelGANDiscriminator(Discriminator):
    """Scores `repeats` random windows of each size of audio `(B, C, T)`.

    A window of 2 n samples is split into 2 bands of n, one of 4 n into 4 bands, so all
    sub-discriminators take the same number of time steps. Each window's start is drawn from
    torch's CPU generator, once per batch. Per window the logits are `(B, 1, N)`; the feature maps
    are the activation of every layer except the last. The original does not use them, and they
    should not be matched, as real and fake have different windows in the generator's turn.

    Args:
        channels: audio channels, C.
        repeats: number of windows of each size.
        window_sizes: window sizes in samples, one sub-discriminator each; T is at least the
            largest.
        bands: sub-bands of each window; all windows have the same number of samples per band.
        taps: order of each filter bank, even; like the next two, not used for 1 band.
        cutoff_ratios: cutoff ratios of their prototypes, tuned to the number of bands.
        betas: betas of their Kaiser windows.
        kernel_sizes: odd kernels of the last two convolutions; their product is the first kernel.
        base_channels: width of the first layer, a multiple of 4.
        max_channels: largest width.
        downsampling_rates: strides of the layers between; each layer is wider by its rate.
        activation: see `wavegan.layers.nonlinearity`.
        leaky_slope: slope of "leaky_relu" below 0.
        padding_mode: padding of the first layer.
        bias: whether convolutions have a bias.
        weight_norm: use weight norm on all convolutions.

    Raises:
        UserError: options contradict each other.
    """

    def __init__(
        self,
        *,
        channels: int = 1,
        repeats: int = 2,
        window_sizes: Sequence[int] = (512, 1024, 2048, 4096),
        bands: Sequence[int] = (1, 2, 4, 8),
        taps: Sequence[int] = (62, 62, 62, 62),
        cutoff_ratios: Sequence[float] = (0.5, 0.267, 0.142, 0.07949),
        betas: Sequence[float] = (9.0, 9.0, 9.0, 9.0),
        kernel_sizes: Sequence[int] = (5, 3),
        base_channels: int = 16,
        max_channels: int = 512,
        downsampling_rates: Sequence[int] = (4, 4, 4, 1),
        activation: ActivationName = "leaky_relu",
        leaky_slope: float = 0.2,
        padding_mode: PaddingMode = "reflect",
        bias: bool = True,
        weight_norm: bool = True,
    ) -> None:
        super().__init__()
        if min(channels, repeats) < 1:
            raise UserError(f"channels {channels} and repeats {repeats} must be at least 1")
        _check_windows(window_sizes, bands, (taps, cutoff_ratios, betas))
        _check_layers(kernel_sizes, base_channels, max_channels, downsampling_rates)
        self.repeats, self.window_sizes = repeats, list(window_sizes)
        self.shortest = max(window_sizes)
        filters = zip(bands, taps, cutoff_ratios, betas, strict=True)
        self.banks = nn.ModuleList(
            PQMF(*each) if each[0] > 1 else nn.Identity() for each in filters
        )
        function = activation_function(activation, leaky_slope)
        self.discriminators = nn.ModuleList(
            WindowDiscriminator(
                channels * number,
                kernel_sizes=kernel_sizes,
                base_channels=base_channels,
                max_channels=max_channels,
                rates=downsampling_rates,
                activation=function,
                padding_mode=padding_mode,
                bias=bias,
                std=START,
            )
            for number in bands
        )
        if weight_norm:
            normalize_all(self)

    def forward(self, audio: Tensor) -> list[DiscriminatorOutput]:
        """Score `(B, C, T)`; outputs of all window sizes, `repeats` times.

        Raises:
            UserError: the audio is shorter than the largest window.
        """
        samples, largest = audio.shape[-1], self.shortest
        if samples < largest:
            raise UserError(
                f"window_sizes of discriminator stylemelgan has {largest}, but the audio has "
                f"{samples} samples: set data.segment to at least {largest}, or smaller windows"
            )
        return [
            discriminator(self._bands(bank, _window(audio, size)))
            for _ in range(self.repeats)
            for size, bank, discriminator in zip(
                self.window_sizes, self.banks, self.discriminators, strict=True
            )
        ]

    @staticmethod
    def _bands(bank: nn.Module, window: Tensor) -> Tensor:
        return bank.analysis(window) if isinstance(bank, PQMF) else window


def _window(audio: Tensor, size: int) -> Tensor:
    start = int(torch.randint(audio.shape[-1] - size + 1, (), device="cpu"))
    return audio[..., start : start + size]


def _check_windows(
    windows: Sequence[int], bands: Sequence[int], filters: Sequence[Sequence[float]]
) -> None:
    if not windows or {len(each) for each in (bands, *filters)} != {len(windows)}:
        counts = [len(each) for each in (windows, bands, *filters)]
        raise UserError(
            "window_sizes, bands, taps, cutoff_ratios and betas must have the same number of "
            f"values, but have {counts}"
        )
    if min(*windows, *bands) < 1:
        raise UserError(f"window_sizes {list(windows)} and bands {list(bands)} must be positive")
    steps = max(windows[0] // bands[0], 1)
    fitting = [steps * number for number in bands]
    if fitting != list(windows):
        raise UserError(
            f"window_sizes {list(windows)} over bands {list(bands)} must give the same number of "
            f"samples per band: use window_sizes {fitting}"
        )


def _check_layers(kernels: Sequence[int], base: int, most: int, rates: Sequence[int]) -> None:
    if not are_two_odd(kernels):
        raise UserError(f"kernel_sizes {list(kernels)} must be two odd kernels: use [5, 3]")
    if min(rates, default=1) < 1:
        raise UserError(f"downsampling_rates {list(rates)} must be at least 1")
    if not splits_into_groups(base, most, rates):
        raise UserError(
            f"base_channels {base} and max_channels {most} with downsampling_rates "
            f"{list(rates)} give widths that do not split into groups of {CHANNELS_PER_GROUP} "
            "channels: use powers of two, such as 16 and 512"
        )
    if min(base, most) < 1:
        raise UserError(f"base_channels {base} and max_channels {most} must be at least 1")
