"""Correlation of the pitch with that of the reference."""

import numpy as np

from wavegan.metrics._pitch import PitchMetric, Track, both_voiced


class F0Correlation(PitchMetric):
    """Pearson's correlation of log F0 over frames voiced in both: -1 to 1, 1 for equal contours.

    It measures intonation: a constant shift of the pitch, in cents, has no effect, unlike in
    `f0_rmse`. The mean over channels; NaN if fewer than two frames are voiced in both, or if a
    pitch is constant.

    Args:
        tracker: "pyin" (librosa) or "swift_f0" (its package).

    Raises:
        UserError: the tracker's package is missing.
    """

    label = "F0 corr ↑"
    higher_is_better = True

    def compare(self, estimate: Track, reference: Track) -> float:
        """The metric of one channel."""
        pair = both_voiced(estimate, reference)
        if any(len(pitch) < 2 or np.ptp(pitch) == 0 for pitch in pair):
            return float("nan")
        return float(np.corrcoef(*pair)[0, 1])
