"""Standardise mels inside a generator, before its first layer.

ParallelWaveGAN stores the statistics in `stats.h5`, transformers' `SpeechT5HifiGan` as `mean` and
`scale`, seungwonpark's MelGAN as two numbers in its code. Here they are options of the generator,
so its input is always a raw mel.
"""

from collections.abc import Sequence

import torch
from torch import Tensor, nn

from wavegan.errors import UserError

Statistics = float | Sequence[float]


class Standardize(nn.Module):
    """`(mel - mean) / std` for each band of `(B, n_mels, L)`.

    Args:
        n_mels: number of bands.
        mean: `mel_mean`, one number for all bands or one per band.
        std: `mel_std`, one number for all bands or one per band; positive.

    Raises:
        UserError: the number of values does not fit `n_mels`, or a `std` is not positive.
    """

    mean: Tensor
    std: Tensor

    def __init__(self, n_mels: int, mean: Statistics, std: Statistics) -> None:
        super().__init__()
        for name, given in (("mean", mean), ("std", std)):
            values = [given] if isinstance(given, int | float) else list(given)
            if len(values) not in (1, n_mels):
                raise UserError(
                    f"mel_{name} has {len(values)} values, but n_mels is {n_mels}: give one or "
                    f"{n_mels}"
                )
            if name == "std" and not min(values) > 0:
                raise UserError(
                    f"mel_std {min(values)} must be positive: give 1.0 to keep the scale"
                )
            bands = torch.tensor(values, dtype=torch.float32)[:, None]
            self.register_buffer(name, bands, persistent=False)

    def forward(self, mel: Tensor) -> Tensor:
        """Shape: `(B, n_mels, L)` to the same."""
        return (mel - self.mean) / self.std
