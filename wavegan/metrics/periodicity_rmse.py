"""Difference in periodicity of an estimate and its reference."""

import numpy as np

from wavegan.metrics._pitch import PitchMetric, Track


class PeriodicityRMSE(PitchMetric):
    """The root mean square over all frames of the difference in periodicity, 0 to 1.

    Periodicity is the tracker's probability of voicing, in [0, 1] (pyin: the share of its
    thresholds that find a period). Morrison et al. use CREPE and mute soft frames, so values in
    papers are not comparable. 0 for equal clips; the mean over channels.

    Source: Morrison et al. 2022, "Chunked autoregressive GAN for conditional waveform synthesis"
    (arXiv:2110.10139), per clip.

    Args:
        tracker: "pyin" (librosa) or "swift_f0" (its package).

    Raises:
        UserError: the tracker's package is missing.
    """

    label = "periodicity ↓"

    def compare(self, estimate: Track, reference: Track) -> float:
        """The metric of one channel."""
        return float(np.sqrt(np.square(estimate.periodicity - reference.periodicity).mean()))
