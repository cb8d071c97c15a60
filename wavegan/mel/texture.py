"""How a mel's values fluctuate, beside what steady noise does: sound is never smoother for long.

Noise has a spread, from frame to frame and from band to band, that only the front-end decides.
Recordings are made of it and of more, so theirs is hardly ever below it, whatever their level.
Values that another logarithm or a division has squeezed are smoother than noise.
"""

import math
from dataclasses import dataclass
from functools import lru_cache

import torch
from torch import Tensor

from wavegan.mel.convert import nepers, statistics
from wavegan.mel.front_end import Mel
from wavegan.mel.spectrogram import MelSpectrogram

_CELLS = 400
"""How many values above the lowest it takes to say anything."""
_SECONDS, _SEED = 2, 0


@dataclass(frozen=True)
class Texture:
    """Spreads of the values well above the lowest, in nepers.

    Attributes:
        overall: standard deviation.
        in_time: median step from frame to frame.
        in_bands: median step from band to band.
        curvature: median second difference over bands.
    """

    overall: float
    in_time: float
    in_bands: float
    curvature: float

    @property
    def fluctuation(self) -> float:
        """Their geometric mean. Sound is noisy and has peaks, so none of them is small for long."""
        product = self.overall * self.in_time * self.in_bands * self.curvature
        return math.sqrt(math.sqrt(product))

    def grain(self, noise: "Texture") -> float:
        """How rough spectra are beside those of noise, which are 1."""
        return max(self.in_bands / noise.in_bands, self.curvature / noise.curvature)

    def is_noise(self, noise: "Texture") -> bool:
        """Whether it is as rough as noise in time and over bands, as very noisy recordings are."""
        most = 1.2 if self.overall < 2.3 * noise.overall else 1.05
        return 0.75 < self.in_time / noise.in_time < most and self.curvature > 0.9 * noise.curvature


def texture(raw: Tensor) -> Texture | None:
    """Measure it.

    Args:
        raw: (N, n_mels, L), natural logarithms of magnitudes.

    Returns:
        None where too little is above the lowest values.
    """
    values = raw.flatten()
    ends = torch.quantile(values[:: max(1, len(values) // 20000)], torch.tensor([0.005, 0.995]))
    heard = raw > ends[0] + 0.15 * (ends[1] - ends[0])
    if heard.sum() < _CELLS:
        return None
    curve = raw[:, 2:] - 2 * raw[:, 1:-1] + raw[:, :-2]
    return Texture(
        overall=float(raw[heard].std()),
        in_time=float(raw.diff(dim=-1)[heard[..., 1:] & heard[..., :-1]].abs().median()),
        in_bands=float(raw.diff(dim=1)[heard[:, 1:] & heard[:, :-1]].abs().median()),
        curvature=float(curve[heard[:, 2:] & heard[:, 1:-1] & heard[:, :-2]].abs().median()),
    )


def natural(cells: Tensor, spec: Mel) -> Tensor:
    """Values as natural logarithms before the statistics, if they are this front-end's."""
    mean, scale = (torch.tensor(column)[:, None] for column in zip(*statistics(spec), strict=True))
    return (cells * scale + mean) * nepers(spec)


@dataclass(frozen=True)
class Noise:
    """White noise at full scale, through one front-end.

    Attributes:
        texture: how it fluctuates.
        level: mean over bands and frames, in nepers of magnitude.
    """

    texture: Texture
    level: float


@lru_cache(maxsize=32)
def noise(spec: Mel) -> Noise | None:
    """What a front-end makes of full-scale white noise; None where it has too few bands to tell."""
    drawn = torch.randn(_SECONDS * spec.sample_rate, generator=torch.Generator().manual_seed(_SEED))
    made = MelSpectrogram(spec)(drawn.sign())[None, :, 2:-2]
    raw = natural(made, spec) / spec.power
    found = texture(raw)
    return None if found is None else Noise(found, float(raw.mean()))
