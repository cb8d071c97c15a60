"""Speaker similarity: the cosine of two speaker embeddings, by Resemblyzer."""

import warnings
from functools import cached_property
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from wavegan.metrics import _predictors
from wavegan.metrics._pair import comparable
from wavegan.metrics._predictors import Array
from wavegan.metrics.base import Metric

RATE = 16000
LEAST = 0.5
INSTALL = 'pip install "wavegan[metrics]" && pip install --no-deps Resemblyzer webrtcvad-wheels'
"""Without its dependencies, as Resemblyzer requires the obsolete package `typing`."""


class Speaker(Metric):
    """The cosine of the two clips' GE2E embeddings, 0 to 1; 1 is the same voice.

    Wan et al. 2018 (arXiv:1710.10467): the embedding is the mean output of an LSTM over windows of
    1.6 s. Its values are 0 or more, so different voices score about 0.5, not 0. Clips are mixed to
    one channel, resampled to 16 kHz (soxr, HQ), raised to -30 dBFS if softer, and pauses are
    removed by webrtcvad.

    NaN if either clip has less than half a second of speech. The package's weights (Apache-2.0) are
    read at the first call; embeddings of references are cached.

    Raises:
        UserError: the package `resemblyzer`, or one that it needs, is missing.
    """

    label = "speaker cosine ↑"
    any_length = True
    higher_is_better = True

    def __init__(self) -> None:
        with warnings.catch_warnings():
            # caused by its import of scipy.ndimage.morphology, and webrtcvad's of pkg_resources
            warnings.simplefilter("ignore")
            self._package = _predictors.package("resemblyzer", "speaker", INSTALL)
        self._embed = _predictors.Remembered(self._embedding)

    @property
    def settings(self) -> dict[str, Any]:
        """The package and its sample rate, Hz."""
        return {"package": _predictors.release("Resemblyzer"), "rate": RATE}

    def __call__(self, estimate: Tensor, reference: Tensor, sample_rate: int) -> float:
        """Compare `(C, T)` with `(C, T)` of any lengths, independent of timing."""
        pair = comparable(estimate, reference)
        inputs = [
            _predictors.at_rate(clip.mean(0, keepdim=True), sample_rate, RATE) for clip in pair
        ]
        first, second = (self._embed(clip[0]) for clip in inputs)
        return float("nan") if first is None or second is None else float(first @ second)

    def _embedding(self, channel: Array) -> NDArray[np.float32] | None:
        if _predictors.silent(channel):
            return None
        voice = self._package.preprocess_wav(channel)
        if len(voice) < LEAST * RATE:
            return None
        with _predictors.one_thread():
            found: NDArray[np.float32] = self._encoder.embed_utterance(voice)
        return found if np.isfinite(found).all() else None

    @cached_property
    def _encoder(self) -> Any:
        # it draws random weights before it loads its own
        with torch.random.fork_rng(devices=[]):
            return self._package.VoiceEncoder("cpu", verbose=False)
