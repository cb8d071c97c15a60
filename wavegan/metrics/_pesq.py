"""PESQ by the package `pesq`, narrow-band or wide-band."""

import importlib
from importlib.metadata import version
from typing import Any, ClassVar, Literal

import numpy as np
from numpy.typing import NDArray
from torch import Tensor

from wavegan.audio.resample import resample_array
from wavegan.errors import UserError
from wavegan.metrics._pair import same_length
from wavegan.metrics.base import Metric


class PackagePESQ(Metric):
    """PESQ of one band, with clips at the band's rate; the mean over channels.

    NaN means that PESQ is undefined: a silent channel, one without an utterance, or one under a
    quarter of a second. Leave such clips out of a mean, and report their number.

    Attributes:
        rate: rate to which clips are resampled, Hz.
        band: "wb" or "nb".

    Raises:
        UserError: the package `pesq` is missing.
    """

    unit = "MOS-LQO"
    higher_is_better = True
    rate: ClassVar[int]
    band: ClassVar[Literal["wb", "nb"]]

    def __init__(self) -> None:
        try:
            self._package = importlib.import_module("pesq")
        except ImportError as error:
            raise UserError(f'pesq: {error}; run pip install "wavegan[metrics]"') from error

    @property
    def settings(self) -> dict[str, Any]:
        """Rate, band, and the versions of the package and the resampler."""
        versions = {name: version(name) for name in ("pesq", "soxr")}
        return {"rate": self.rate, "band": self.band, **versions}

    def __call__(self, estimate: Tensor, reference: Tensor, sample_rate: int) -> float:
        """Compare `(C, T)` with `(C, T)`; see `same_length` for clips that differ in length."""
        pair = same_length(estimate, reference, sample_rate)
        at_rate = [resample_array(clip.numpy(), sample_rate, self.rate) for clip in pair]
        return float(np.mean([self._score(e, r) for e, r in zip(*at_rate, strict=True)]))

    def _score(self, estimate: NDArray[Any], reference: NDArray[Any]) -> float:
        if not (estimate.any() and reference.any()):
            return float("nan")
        try:
            return float(self._package.pesq(self.rate, reference, estimate, self.band))
        except (self._package.NoUtterancesError, self._package.BufferTooShortError):
            return float("nan")
