"""One gain for a clip, so that being louder or softer than the reference does not count."""

from torch import Tensor

from wavegan.audio.silence import is_silent

RULE = "the estimate's root mean square over the compared samples is made the reference's"


def matching_gain(estimate: Tensor, reference: Tensor) -> float:
    """The factor that gives an estimate the root mean square of its reference, over all channels.

    Not the least-squares factor: a vocoder's phases are not the reference's, so that their
    product is about 0 and such a gain would be silence.

    Args:
        estimate: `(C, T)`.
        reference: `(C, T)`, of the same length.

    Returns:
        1 where one of them is silent, below a peak of 1e-6.
    """
    if is_silent(estimate) or is_silent(reference):
        return 1.0
    made = float(estimate.double().square().sum())
    real = float(reference.double().square().sum())
    return float((real / made) ** 0.5)
