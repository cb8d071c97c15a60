"""Mel-cepstral distortion: how far two spectral envelopes lie apart, frame by frame."""

from typing import Any

import torch
from torch import Tensor

from wavegan.metrics import _mel_cepstrum
from wavegan.metrics._mel_cepstrum import DECIBELS, mel_cepstrum
from wavegan.metrics._pair import same_length
from wavegan.metrics.base import Metric


class MCD(Metric):
    """The mean over frames of `10 / ln 10 * sqrt(2 * sum over d = 1..24 of (c_d - c'_d)^2)`, in dB.

    c are mel-cepstra of order 24 of 40 ms frames every 10 ms, warped by an all-pass whose constant
    follows the rate (0.455 at 22.05 kHz: see `docs/metrics.md`). c0 is left out, so that a gain
    changes nothing; frames are compared at the same time, silence like speech. 0 for equal clips;
    the mean over channels. Clips keep their rate: values of different rates do not compare.

    Not the numbers of `pymcd`, whose envelope is WORLD's CheapTrick (it follows the pitch; order
    13, alpha 0.65, every 5 ms), where this one is of the spectrum itself, valleys between the
    harmonics and all: over the outputs of six vocoders the two had a rank correlation of 0.67. No
    two projects' MCD compare unless they say all of this.

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
