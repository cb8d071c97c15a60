"""Measure how much a mel's values fluctuate, compared with steady noise.

The fluctuation of noise, from frame to frame and from band to band, depends only on the front-end.
Recordings contain noise and more, so they are hardly ever smoother, at any level. Values compressed
by another logarithm or by a division are smoother than noise.
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
"""Least number of values well above the lowest for a measurement."""
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
        """Their geometric mean. Sound is noisy and has peaks, so none is small for long."""
        product = self.overall * self.in_time * self.in_bands * self.curvature
        return math.sqrt(math.sqrt(product))

    def grain(self, noise: "Texture") -> float:
        """Roughness of the spectra relative to noise (1)."""
        return max(self.in_bands / noise.in_bands, self.curvature / noise.curvature)

    def is_noise(self, noise: "Texture") -> bool:
        """Whether it is as rough as noise in time and over bands, like very noisy recordings."""
        most = 1.2 if self.overall < 2.3 * noise.overall else 1.05
        return 0.75 < self.in_time / noise.in_time < most and self.curvature > 0.9 * noise.curvature


def texture(raw: Tensor) -> Texture | None:
    """Measure the texture of mels.

    Args:
        raw: (N, n_mels, L), natural logarithms of magnitudes.

    Returns:
        The texture; None if too few values are above the lowest ones.
    """
    values = raw.flatten()
    ends = torch.quantile(values[:: max(1, len(values) // 20000)], torch.tensor([0.005, 0.995]))
    loud = raw > ends[0] + 0.15 * (ends[1] - ends[0])
    if loud.sum() < _CELLS:
        return None
    curve = raw[:, 2:] - 2 * raw[:, 1:-1] + raw[:, :-2]
    return Texture(
        overall=float(raw[loud].std()),
        in_time=float(raw.diff(dim=-1)[loud[..., 1:] & loud[..., :-1]].abs().median()),
        in_bands=float(raw.diff(dim=1)[loud[:, 1:] & loud[:, :-1]].abs().median()),
        curvature=float(curve[loud[:, 2:] & loud[:, 1:-1] & loud[:, :-2]].abs().median()),
    )


def natural(cells: Tensor, spec: Mel) -> Tensor:
    """Convert values of this front-end to natural logarithms without `mean` and `scale`."""
    mean, scale = (torch.tensor(column)[:, None] for column in zip(*statistics(spec), strict=True))
    return (cells * scale + mean) * nepers(spec)


@dataclass(frozen=True)
class Noise:
    """The mel of full-scale white noise.

    Attributes:
        texture: its fluctuation.
        level: mean over bands and frames, in nepers of magnitude.
    """

    texture: Texture
    level: float


@lru_cache(maxsize=32)
def noise(spec: Mel) -> Noise | None:
    """Full-scale white noise through a front-end; None if it has too few bands."""
    drawn = torch.randn(_SECONDS * spec.sample_rate, generator=torch.Generator().manual_seed(_SEED))
    mel = MelSpectrogram(spec)(drawn.sign())[None, :, 2:-2]
    raw = natural(mel, spec) / spec.power
    found = texture(raw)
    return None if found is None else Noise(found, float(raw.mean()))
