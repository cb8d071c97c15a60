"""Match the level of an estimate to its reference."""

from torch import Tensor

from wavegan.audio.silence import is_silent

RULE = "the estimate is scaled to the reference's root mean square over the compared samples"


def matching_gain(estimate: Tensor, reference: Tensor) -> float:
    """Return the gain that gives an estimate the root mean square of its reference.

    It is taken over all channels. The least-squares gain does not work: a vocoder's phases are
    not the reference's, so their product, and with it this gain, is about 0.

    Args:
        estimate: `(C, T)`.
        reference: `(C, T)`, of the same length.

    Returns:
        The gain; 1 if one of them is silent (peak below 1e-6).
    """
    if is_silent(estimate) or is_silent(reference):
        return 1.0
    made = float(estimate.double().square().sum())
    real = float(reference.double().square().sum())
    return float((real / made) ** 0.5)
