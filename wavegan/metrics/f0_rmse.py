"""Pitch error in the frames voiced in both clips."""

import numpy as np

from wavegan.metrics._pitch import PitchMetric, Track, both_voiced


class F0RMSE(PitchMetric):
    """The root mean square of `1200 log2(f_est / f_ref)`, in cents, over frames voiced in both.

    100 cents are a semitone; a shift by 3 % is 51.2. An octave error of the tracker is 1200, and a
    few such frames dominate the value. Frames that lost their voicing do not count, so read it
    together with `vuv_f1`. pyin has steps of 10 cents. The mean over channels; NaN if no frame is
    voiced in both.

    Source: the definition of Morrison et al. 2022, "Chunked autoregressive GAN for conditional
    waveform synthesis" (arXiv:2110.10139), per clip, with another tracker than theirs (CREPE).

    Args:
        tracker: "pyin" (librosa) or "swift_f0" (its package).

    Raises:
        UserError: the tracker's package is missing.
    """

    label = "F0 RMSE ↓"
    unit = "cents"

    def compare(self, estimate: Track, reference: Track) -> float:
        """The metric of one channel."""
        found, wanted = both_voiced(estimate, reference)
        if not len(found):
            return float("nan")
        return float(1200 * np.sqrt(np.square(found - wanted).mean()))
