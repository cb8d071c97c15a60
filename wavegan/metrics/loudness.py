"""Loudness difference of an estimate and its reference, by the package `pyloudnorm`."""

import importlib
import math
from importlib.metadata import version
from typing import Any

import numpy as np
from torch import Tensor

from wavegan.errors import UserError
from wavegan.metrics._pair import same_length
from wavegan.metrics.base import Metric

MOST_CHANNELS = 5


class Loudness(Metric):
    """|L_est - L_ref|, integrated loudness by ITU-R BS.1770-4, in LU; 0 for equally loud clips.

    It has no sign, so too loud and too soft do not cancel in means. K-weighted power over blocks
    of 0.4 s with 75 % overlap, gated at -70 LUFS and at 10 LU below the remaining mean; channels
    are summed, as in the standard, not averaged. A gain of 6.02 dB is 6.02 LU. It measures only the
    level, not other degradations. NaN means that loudness is undefined: a clip under 0.4 s, or one
    that never reaches -70 LUFS.

    Source: ITU-R BS.1770-4 (2015); Steinmetz and Reiss 2021, "pyloudnorm: a simple yet flexible
    loudness meter in Python".

    Raises:
        UserError: the package `pyloudnorm` is missing, or a clip has more than 5 channels.
    """

    label = "loudness ↓"
    unit = "LU"

    def __init__(self) -> None:
        try:
            self._package = importlib.import_module("pyloudnorm")
        except ImportError as error:
            raise UserError(f'loudness: {error}; run pip install "wavegan[metrics]"') from error

    @property
    def settings(self) -> dict[str, Any]:
        """The meter, its block in seconds, and the package's version."""
        package = {"pyloudnorm": version("pyloudnorm")}
        return {"meter": "ITU-R BS.1770-4", "block_seconds": 0.4, **package}

    def __call__(self, estimate: Tensor, reference: Tensor, sample_rate: int) -> float:
        """Compare `(C, T)` with `(C, T)`; see `same_length` for clips that differ in length."""
        pair = same_length(estimate, reference, sample_rate)
        if len(reference) > MOST_CHANNELS:
            raise UserError(
                f"loudness: the clips have {len(reference)} channels, but BS.1770 allows at most "
                "5: mix them down"
            )
        found, wanted = (self._integrated(clip, sample_rate) for clip in pair)
        difference = abs(found - wanted)
        return difference if math.isfinite(difference) else float("nan")

    def _integrated(self, clip: Tensor, sample_rate: int) -> float:
        """LUFS; minus infinity for silence, NaN for a clip too short to measure."""
        meter = self._package.Meter(sample_rate)
        if clip.shape[1] < meter.block_size * sample_rate:
            return float("nan")
        # silence causes logarithms of 0
        with np.errstate(divide="ignore", invalid="ignore"):
            return float(meter.integrated_loudness(clip.double().numpy().T))
