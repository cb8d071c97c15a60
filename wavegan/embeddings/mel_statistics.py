"""An embedding without weights: statistics of a mel spectrogram over time."""

import math

import torch
from torch import Tensor

from wavegan.embeddings._mel import MelBands
from wavegan.embeddings.base import Embedding
from wavegan.errors import UserError

WINDOW, RANGE_DB = 0.032, 60.0
SPECTRUM, SPREAD, CHANGE, COURSE = 0.5, 1.0, 3.0, 2.0


class MelStatistics(Embedding):
    """Mean spectrum of a clip, its variation, and its course from start to end.

    Levels of mel bands in nepers (0 at -60 dBFS and below) are summarised by four groups of
    values, weighted so that each counts about equally between real clips:

    - the mean over time of each band: the spectrum;
    - the standard deviation over time of each band;
    - the mean absolute change of each band between frames, which distinguishes noise from tones;
    - the first cosine coefficients (DCT-II over the clip) of the levels of `groups` neighbouring
      bands: the level over time.

    It needs no labels and no training, so it works for any sound from the first step of a run; a
    classifier of the data's own labels is more sensitive. Compared clips must have equal lengths
    (pad them with silence), as the course covers the whole clip.

    Args:
        sample_rate: Hz.
        n_mels: number of bands; a multiple of `groups`.
        groups: number of groups of neighbouring bands for the course.
        orders: cosine coefficients of each group.

    Shape: `(B, C, T)` to `(B, 3 * n_mels + groups * orders)`.

    Raises:
        UserError: the numbers do not fit together.
    """

    def __init__(
        self, sample_rate: int, n_mels: int = 32, groups: int = 4, orders: int = 8
    ) -> None:
        super().__init__()
        self.sample_rate = sample_rate
        self.groups, self.orders = groups, orders
        _check(n_mels, groups, orders)
        self.bands = MelBands(sample_rate, n_mels, WINDOW, RANGE_DB)

    def forward(self, audio: Tensor) -> Tensor:
        """Embed clips of any length."""
        levels = self.bands(audio)
        return torch.cat(
            [
                SPECTRUM * levels.mean(2),
                SPREAD * levels.std(2, correction=0),
                CHANGE * levels.diff(dim=2).abs().mean(2),
                COURSE * self._course(levels).flatten(1),
            ],
            dim=1,
        )

    def _course(self, levels: Tensor) -> Tensor:
        """Cosine coefficients of grouped bands: `(B, n_mels, L)` to `(B, groups, orders)`."""
        batch, _, frames = levels.shape
        pooled = levels.reshape(batch, self.groups, -1, frames).mean(2)
        place = (torch.arange(frames, device=levels.device) + 0.5) / frames
        order = torch.arange(1, self.orders + 1, device=levels.device)
        cosines = (math.pi * place[:, None] * order).cos() * math.sqrt(2)
        course: Tensor = pooled @ cosines / frames
        return course


def _check(n_mels: int, groups: int, orders: int) -> None:
    for name, value in (("n_mels", n_mels), ("groups", groups), ("orders", orders)):
        if value < 1:
            raise UserError(f"{name} is {value}: give 1 or more")
    if n_mels % groups:
        nearest = max(1, round(n_mels / groups)) * groups
        raise UserError(f"n_mels {n_mels} must be a multiple of groups {groups}: use {nearest}")
