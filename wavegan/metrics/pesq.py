"""PESQ, ITU-T P.862.2: the perceived quality of wide-band speech, by the package `pesq`."""

import importlib
from typing import Any

import numpy as np
from numpy.typing import NDArray
from torch import Tensor

from wavegan.audio.resample import resample_array
from wavegan.errors import UserError
from wavegan.metrics._pair import same_length
from wavegan.metrics.base import Metric

RATE = 16000


class PESQ(Metric):
    """Wide-band PESQ (MOS-LQO): 1.04 for noise, 4.64 for equal clips; the mean over channels.

    Clips of another rate are resampled to 16 kHz (soxr, HQ): what lies above 8 kHz is not
    judged. NaN means that PESQ is undefined there: a silent channel, or one in which it finds no
    utterance, or one under a quarter of a second. Leave such clips out of a mean, and say how
    many there were.

    Raises:
        UserError: when the package `pesq` is missing.
    """

    higher_is_better = True

    def __init__(self) -> None:
        try:
            self._package = importlib.import_module("pesq")
        except ImportError as error:
            raise UserError(f'pesq: {error}; run pip install "wavegan[metrics]"') from error

    def __call__(self, estimate: Tensor, reference: Tensor, sample_rate: int) -> float:
        """Compare `(C, T)` with `(C, T)`; see `same_length` for clips that differ in length."""
        pair = same_length(estimate, reference, sample_rate)
        wide = [resample_array(clip.numpy(), sample_rate, RATE) for clip in pair]
        return float(np.mean([self._score(e, r) for e, r in zip(*wide, strict=True)]))

    def _score(self, estimate: NDArray[Any], reference: NDArray[Any]) -> float:
        if not (estimate.any() and reference.any()):
            return float("nan")
        try:
            return float(self._package.pesq(RATE, reference, estimate, "wb"))
        except (self._package.NoUtterancesError, self._package.BufferTooShortError):
            return float("nan")
