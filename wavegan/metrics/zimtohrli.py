"""Zimtohrli (github.com/google/zimtohrli): similarity of two clips by a model of hearing."""

from typing import Any

from torch import Tensor

from wavegan.metrics import _predictors
from wavegan.metrics._pair import same_length
from wavegan.metrics._predictors import Array
from wavegan.metrics.base import Metric

RATE = 48000


class Zimtohrli(Metric):
    """A MOS by the project's own mapping of its distance, 1 to 5, 5 for equal clips.

    The distance is 1 - NSIM of two spectrograms of 128 auditory bands (18 Hz to 20 kHz, 84 frames
    a second) that are aligned by dynamic time warping; `mos_from_zimtohrli` maps 0 to 5, 0.01 to
    3.4 and 0.04 to 1.5. It is made for barely audible differences, and depends on levels (full
    scale is 78 dB SPL): match gains first. Clips are resampled to 48 kHz (soxr, HQ); the mean over
    channels.

    NaN for a silent channel or clips under a quarter of a second.

    Raises:
        UserError: the package `zimtohrli` is missing.
    """

    label = "Zimtohrli ↑"
    unit = "MOS"
    higher_is_better = True

    def __init__(self) -> None:
        self._package = _predictors.package("zimtohrli", "zimtohrli")

    @property
    def settings(self) -> dict[str, Any]:
        """The package and its sample rate, Hz."""
        return {"package": _predictors.release("zimtohrli"), "rate": RATE}

    def __call__(self, estimate: Tensor, reference: Tensor, sample_rate: int) -> float:
        """Compare `(C, T)` with `(C, T)`; see `same_length` for clips that differ in length."""
        # for clips shorter than its window (71 ms) the package writes past the end of its memory,
        # which crashes the process
        pair = same_length(estimate, reference, sample_rate)
        return _predictors.each_channel(self._score, pair, sample_rate, RATE)

    def _score(self, estimate: Array, reference: Array) -> float:
        distance = self._package.Pyohrli().distance(reference, estimate)
        return float(self._package.mos_from_zimtohrli(distance))
