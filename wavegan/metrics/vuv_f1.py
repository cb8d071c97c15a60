"""Whether the estimate is voiced where its reference is."""

from wavegan.metrics._pitch import PitchMetric, Track


class VoicingF1(PitchMetric):
    """F1 of the voiced decision: `2 hits / (2 hits + false voiced + missed voiced)`, 0 to 1.

    Per frame of 16 ms, the reference's decision taken for the truth; 1 for equal clips. The mean
    over channels; NaN where neither clip has a voiced frame.

    Source: the definition of Morrison et al. 2022, "Chunked autoregressive GAN for conditional
    waveform synthesis" (arXiv:2110.10139), per clip, with the tracker's own decision where they
    put a hysteresis on CREPE's periodicity.

    Args:
        tracker: "pyin" (librosa) or "swift_f0" (its package).

    Raises:
        UserError: when the tracker's package is missing.
    """

    label = "V/UV F1 ↑"
    higher_is_better = True

    def compare(self, estimate: Track, reference: Track) -> float:
        """The figure of one channel."""
        hits = int((estimate.voiced & reference.voiced).sum())
        wrong = int((estimate.voiced ^ reference.voiced).sum())
        return 2 * hits / (2 * hits + wrong) if hits + wrong else float("nan")
