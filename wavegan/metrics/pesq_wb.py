"""PESQ, ITU-T P.862.2: the perceived quality of wide-band speech, by the package `pesq`."""

from wavegan.metrics._pesq import PackagePESQ


class PESQ(PackagePESQ):
    """Wide-band PESQ (MOS-LQO): 1.04 for noise, 4.64 for equal clips; the mean over channels.

    Clips of another rate are resampled to 16 kHz (soxr, HQ), so anything above 8 kHz does not
    count. PESQ first removes a delay and aligns the levels of both clips. NaN: a silent channel,
    one without an utterance, or one under a quarter of a second.

    Source: ITU-T P.862.2 (2007), "Wideband extension to Recommendation P.862"; Rix, Beerends,
    Hollier, Hekstra 2001, "Perceptual evaluation of speech quality (PESQ)".

    Raises:
        UserError: the package `pesq` is missing.
    """

    label = "PESQ-wb ↑"
    rate = 16000
    band = "wb"
