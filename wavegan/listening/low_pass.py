"""The low-pass filters that make MUSHRA's anchors of the reference (ITU-R BS.1534-3, 5.1)."""

import numpy as np

from wavegan.audio.opening import Wave

TRANSITION = 1 / 7
"""Of the cut-off: 3.5 kHz passes, and 4 kHz is gone."""
ATTENUATION = 70.0
"""dB."""


def audible(cutoff: float, sample_rate: int) -> bool:
    """Whether a clip of this rate reaches far enough above the cut-off to lose something.

    The stop band has to begin, and as much again has to be left of it.
    """
    return sample_rate / 2 > cutoff * (1 + 2 * TRANSITION)


def low_pass(wave: Wave, sample_rate: int, cutoff: float) -> Wave:
    """Filter without delay: a sinc under a Kaiser window.

    Up to the cut-off the level changes by under 0.01 dB (0.1 dB are allowed); from 8/7 of it on
    at least 65 dB are gone (25 dB are asked for there and 50 dB at 9/7).

    Args:
        wave: (C, T).
        sample_rate: Hz.
        cutoff: end of the pass band, Hz.

    Returns:
        (C, T).
    """
    width = cutoff * TRANSITION / sample_rate
    # Kaiser 1974: the length that gives this attenuation over this transition
    half = int(np.ceil((ATTENUATION - 7.95) / (14.36 * width) / 2))
    place = np.arange(-half, half + 1)
    middle = 2 * cutoff * (1 + TRANSITION / 2) / sample_rate
    kernel = np.sinc(middle * place) * np.kaiser(2 * half + 1, 0.1102 * (ATTENUATION - 8.7))
    kernel /= kernel.sum()
    rows = [np.convolve(np.pad(row, half), kernel, "valid") for row in wave.astype(np.float64)]
    return np.stack(rows).astype(np.float32)
