"""Agreement of the voicing of an estimate and its reference."""

from wavegan.metrics._pitch import PitchMetric, Track


class VoicingF1(PitchMetric):
    """F1 of the voiced decision: `2 hits / (2 hits + false voiced + missed voiced)`, 0 to 1.

    Per frame of 16 ms, with the reference's decision as ground truth; 1 for equal clips. The mean
    over channels; NaN if neither clip has a voiced frame.

    Source: the definition of Morrison et al. 2022, "Chunked autoregressive GAN for conditional
    waveform synthesis" (arXiv:2110.10139), per clip, with the tracker's own decision instead of a
    hysteresis on CREPE's periodicity.

    Args:
        tracker: "pyin" (librosa) or "swift_f0" (its package).

    Raises:
        UserError: the tracker's package is missing.
    """

    label = "V/UV F1 ↑"
    higher_is_better = True

    def compare(self, estimate: Track, reference: Track) -> float:
        """The metric of one channel."""
        hits = int((estimate.voiced & reference.voiced).sum())
        wrong = int((estimate.voiced ^ reference.voiced).sum())
        return 2 * hits / (2 * hits + wrong) if hits + wrong else float("nan")
