"""PESQ, ITU-T P.862: the perceived quality of telephone-band speech, by the package `pesq`."""

from wavegan.metrics._pesq import PackagePESQ


class PESQNarrowBand(PackagePESQ):
    """Narrow-band PESQ (MOS-LQO): 1.02 at worst, 4.55 for equal clips; the mean over channels.

    Clips of another rate are resampled to 8 kHz (soxr, HQ), and a telephone receiver is modelled,
    so anything above 3.4 kHz hardly counts. The package maps P.862's raw score r (-0.5 to 4.5) to
    0.999 + 4 / (1 + exp(4.6607 - 1.4945 r)), the function of P.862.1; raw scores in papers are not
    comparable. PESQ first removes a delay and aligns the levels of both clips. NaN: a silent
    channel, one without an utterance, or one under a quarter of a second.

    Source: ITU-T P.862 (2001) and P.862.1 (2003), "Mapping function for transforming P.862 raw
    result scores to MOS-LQO".

    Raises:
        UserError: the package `pesq` is missing.
    """

    label = "PESQ-nb ↑"
    rate = 8000
    band = "nb"
