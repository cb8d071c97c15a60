"""Whether the pitch rises and falls with that of the reference."""

import numpy as np

from wavegan.metrics._pitch import PitchMetric, Track, both_voiced


class F0Correlation(PitchMetric):
    """Pearson's correlation of log F0 over frames voiced in both: -1 to 1, 1 for equal contours.

    A constant shift of the pitch, in cents, changes nothing: it hears intonation, `f0_rmse` hears
    the shift. The mean over channels; NaN where fewer than two frames are voiced in both, or
    either pitch stands still.

    Args:
        tracker: "pyin" (librosa) or "swift_f0" (its package).

    Raises:
        UserError: when the tracker's package is missing.
    """

    label = "F0 corr ↑"
    higher_is_better = True

    def compare(self, estimate: Track, reference: Track) -> float:
        """The figure of one channel."""
        pair = both_voiced(estimate, reference)
        if any(len(pitch) < 2 or np.ptp(pitch) == 0 for pitch in pair):
            return float("nan")
        return float(np.corrcoef(*pair)[0, 1])
