"""ViSQOL v3 (Chinen et al. 2020, arXiv:2004.09584): similarity of two clips, as a MOS."""

from functools import cached_property
from typing import Any, Literal

import numpy as np
from torch import Tensor

from wavegan.metrics import _predictors
from wavegan.metrics._pair import same_length
from wavegan.metrics._predictors import Array
from wavegan.metrics.base import Metric

RATES = {"speech": 16000, "audio": 48000}
LEAST = 1.1
"""Shortest clip, seconds; audio mode cannot compare less than 1.0."""


class ViSQOL(Metric):
    """MOS-LQO from a comparison of spectrograms, 1 to 5; the mean over channels.

    Speech mode compares 21 bands at 16 kHz where the reference has speech, and maps the similarity
    by the lattice of the C++ original; equal clips score about 4.5. Audio mode compares 32 bands at
    48 kHz everywhere, and maps by a support vector regression; equal clips score 4.73. The two
    scales are not comparable. Clips are resampled (soxr, HQ), and the package (`visqol-python`,
    Apache-2.0, with models) matches the level of the estimate to the reference.

    NaN for a silent channel, for clips under 1.1 s, and if the reference has no speech. With numba,
    the first call compiles the package's inner loops: up to a minute, once per installation.

    Args:
        mode: "speech", or "audio" for music and frequencies above 8 kHz.

    Raises:
        UserError: the package `visqol-python`, or for speech its `lattice` extra, is missing.
    """

    label = "ViSQOL ↑"
    unit = "MOS-LQO"
    higher_is_better = True

    def __init__(self, mode: Literal["speech", "audio"] = "speech") -> None:
        self.mode: Literal["speech", "audio"] = mode
        if mode == "audio":
            self.label = "ViSQOL-audio ↑"
        self._package = _predictors.package("visqol.api", "visqol")
        if mode == "speech":
            _predictors.package("ai_edge_litert.interpreter", "visqol")

    @property
    def settings(self) -> dict[str, Any]:
        """The package, its mode, and the sample rate, Hz."""
        package = _predictors.release("visqol-python")
        return {"package": package, "mode": self.mode, "rate": RATES[self.mode]}

    def __call__(self, estimate: Tensor, reference: Tensor, sample_rate: int) -> float:
        """Compare `(C, T)` with `(C, T)`; see `same_length` for clips that differ in length."""
        pair = same_length(estimate, reference, sample_rate)
        return _predictors.each_channel(self._score, pair, sample_rate, RATES[self.mode], LEAST)

    def _score(self, estimate: Array, reference: Array) -> float:
        _numba_on_one_thread()
        try:
            found = self._api.measure_from_arrays(reference, estimate, RATES[self.mode])
        except IndexError:
            return float("nan")
        score = float(found.moslqo)
        return score if np.isfinite(score) else float("nan")

    @cached_property
    def _api(self) -> Any:
        api = self._package.VisqolApi()
        api.create(mode=self.mode, use_lattice_model=self.mode == "speech")
        return api


def _numba_on_one_thread() -> None:
    # numba sets the number of threads per calling thread
    try:
        import numba
    except ImportError:
        return
    numba.set_num_threads(1)
