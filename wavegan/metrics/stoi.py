"""STOI (Taal et al. 2011): intelligibility of speech, by the package `pystoi`."""

import importlib
import warnings
from importlib.metadata import version
from typing import Any

import numpy as np
from numpy.typing import NDArray
from torch import Tensor

from wavegan.errors import UserError
from wavegan.metrics._pair import same_length
from wavegan.metrics.base import Metric


class STOI(Metric):
    """Short-time objective intelligibility: about 0 (none) to 1 (equal clips); mean over channels.

    It compares one-third octave bands up to 4.3 kHz; the package resamples to 10 kHz itself. NaN
    means that STOI is undefined: a silent channel, or less than 0.4 s of the reference within 40 dB
    of its loudest frame. Leave such clips out of a mean, and report their number.

    Args:
        extended: ESTOI (Jensen & Taal 2016), which also compares the correlation between bands.

    Raises:
        UserError: the package `pystoi` is missing.
    """

    label = "STOI ↑"
    higher_is_better = True

    def __init__(self, extended: bool = False) -> None:
        try:
            self._package = importlib.import_module("pystoi")
        except ImportError as error:
            raise UserError(f'stoi: {error}; run pip install "wavegan[metrics]"') from error
        self.extended = extended

    @property
    def settings(self) -> dict[str, Any]:
        """The sample rate, STOI or ESTOI, and the package's version."""
        return {"rate": 10000, "extended": self.extended, "pystoi": version("pystoi")}

    def __call__(self, estimate: Tensor, reference: Tensor, sample_rate: int) -> float:
        """Compare `(C, T)` with `(C, T)`; see `same_length` for clips that differ in length."""
        pair = same_length(estimate, reference, sample_rate)
        channels = zip(*(clip.double().numpy() for clip in pair), strict=True)
        return float(np.mean([self._score(e, r, sample_rate) for e, r in channels]))

    def _score(self, estimate: NDArray[Any], reference: NDArray[Any], sample_rate: int) -> float:
        if not (estimate.any() and reference.any()):
            return float("nan")
        with warnings.catch_warnings():
            # for too short clips the package returns 1e-5, which would distort a mean
            warnings.filterwarnings("error", message="Not enough STFT frames")
            try:
                return float(self._package.stoi(reference, estimate, sample_rate, self.extended))
            except (RuntimeWarning, IndexError):
                return float("nan")
