"""Long-term spectrum of a clip, to find missing bands."""

import numpy as np
from torch import Tensor

from wavegan.artifacts._spectrum import Array, moving_median, spectrum

FRAME = 0.046
"""Seconds."""
SMOOTH = 60.0
"""Half-width of the smoothing, Hz."""


def envelope(wave: Tensor, sample_rate: int, percentile: float | None) -> tuple[Array, float]:
    """Smoothed level of each bin over the whole clip, dB, and the width of a bin, Hz.

    Args:
        wave: (T,).
        sample_rate: Hz.
        percentile: percentile over the frames; None is their mean power.
    """
    look = spectrum(wave, sample_rate, FRAME, overlap=2)
    if percentile is None:
        values = 10 * np.log10(np.power(10, look.db / 10).mean(1))
    else:
        values = np.percentile(look.db, percentile, axis=1)
    return moving_median(values, max(round(SMOOTH / look.bin_hz), 1)), look.bin_hz
