"""How much louder or softer the estimate is than its reference, by the package `pyloudnorm`."""

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

    Without sign, so that systems can be ranked and clips averaged: too loud and too soft do not
    cancel. K-weighted power over blocks of 0.4 s with 75 % overlap, gated at -70 LUFS and 10 LU
    under what passes; channels are summed as the standard does, not averaged. A gain of 6.02 dB is
    6.02 LU. It hears level only: any other harm that keeps the power goes unseen. NaN means that
    there is no loudness: a clip under 0.4 s, or one that never reaches -70 LUFS.

    Source: ITU-R BS.1770-4 (2015); Steinmetz and Reiss 2021, "pyloudnorm: a simple yet flexible
    loudness meter in Python".

    Raises:
        UserError: when the package `pyloudnorm` is missing, or for clips of more than 5 channels.
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
            raise UserError(f"loudness: {len(reference)} channels; BS.1770 knows at most 5")
        found, wanted = (self._integrated(clip, sample_rate) for clip in pair)
        difference = abs(found - wanted)
        return difference if math.isfinite(difference) else float("nan")

    def _integrated(self, clip: Tensor, sample_rate: int) -> float:
        """LUFS; minus infinity for silence, NaN for a clip too short to measure."""
        meter = self._package.Meter(sample_rate)
        if clip.shape[1] < meter.block_size * sample_rate:
            return float("nan")
        # logarithms of nothing, in silence
        with np.errstate(divide="ignore", invalid="ignore"):
            return float(meter.integrated_loudness(clip.double().numpy().T))
