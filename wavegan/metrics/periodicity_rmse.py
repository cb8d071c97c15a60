"""How far the estimate's periodicity is from its reference's."""

import numpy as np

from wavegan.metrics._pitch import PitchMetric, Track


class PeriodicityRMSE(PitchMetric):
    """The root mean square over all frames of the difference in periodicity, 0 to 1.

    Periodicity is the tracker's probability of voicing, in [0, 1] (pyin: the share of its
    thresholds that find a period); Morrison et al. take CREPE's and silence soft frames, so papers'
    numbers do not compare with these. 0 for equal clips; the mean over channels.

    Source: Morrison et al. 2022, "Chunked autoregressive GAN for conditional waveform synthesis"
    (arXiv:2110.10139), per clip.

    Args:
        tracker: "pyin" (librosa) or "swift_f0" (its package).

    Raises:
        UserError: when the tracker's package is missing.
    """

    label = "periodicity ↓"

    def compare(self, estimate: Track, reference: Track) -> float:
        """The figure of one channel."""
        return float(np.sqrt(np.square(estimate.periodicity - reference.periodicity).mean()))
