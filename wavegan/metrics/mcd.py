"""Mel-cepstral distortion: the difference of two spectral envelopes, frame by frame."""

from typing import Any

import torch
from torch import Tensor

from wavegan.metrics import _mel_cepstrum
from wavegan.metrics._mel_cepstrum import DECIBELS, mel_cepstrum
from wavegan.metrics._pair import same_length
from wavegan.metrics.base import Metric


class MCD(Metric):
    """The mean over frames of `10 / ln 10 * sqrt(2 * sum over d = 1..24 of (c_d - c'_d)^2)`, in dB.

    c are mel-cepstra of order 24 of 40 ms frames every 10 ms, warped by an all-pass with a constant
    that depends on the rate (0.455 at 22.05 kHz: see `docs/metrics.md`). c0 is left out, so a gain
    has no effect. Frames are compared at the same time, in silence as in speech. 0 for equal clips;
    the mean over channels. Clips keep their rate, so values of different rates are not comparable.

    Values differ from those of `pymcd`, which uses WORLD's CheapTrick envelope (pitch-adaptive,
    order 13, alpha 0.65, every 5 ms). Here, the envelope is that of the spectrum itself, with the
    valleys between harmonics; over the outputs of six vocoders the two had a rank correlation of
    0.67. MCD values of two projects are only comparable if all these settings agree.

    Source: Kubichek 1993, "Mel-cepstral distance measure for objective speech quality assessment".
    """

    label = "MCD ↓"
    unit = "dB"

    @property
    def settings(self) -> dict[str, Any]:
        """Order, sizes, floor, and the warp's constant by rate."""
        return _mel_cepstrum.settings()

    def __call__(self, estimate: Tensor, reference: Tensor, sample_rate: int) -> float:
        """Compare `(C, T)` with `(C, T)`; see `same_length` for clips that differ in length."""
        pair = same_length(estimate, reference, sample_rate)
        found, wanted = (mel_cepstrum(clip, sample_rate) for clip in pair)
        return float(DECIBELS * torch.linalg.vector_norm(found - wanted, dim=-1).mean())
