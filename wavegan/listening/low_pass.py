"""Low-pass filters for the anchors of MUSHRA (ITU-R BS.1534-3, 5.1)."""

import numpy as np

from wavegan.audio.opening import Wave

TRANSITION = 1 / 7
"""Width of the transition, relative to the cut-off: 3.5 kHz passes, 4 kHz is removed."""
ATTENUATION = 70.0
"""dB."""


def audible(cutoff: float, sample_rate: int) -> bool:
    """Whether a clip at this rate has content above the cut-off to remove.

    The clip must reach above the transition band by at least the width of that band.
    """
    return sample_rate / 2 > cutoff * (1 + 2 * TRANSITION)


def low_pass(wave: Wave, sample_rate: int, cutoff: float) -> Wave:
    """Filter without delay, with a Kaiser-windowed sinc.

    Below the cut-off the level changes by less than 0.01 dB (allowed: 0.1 dB). Above 8/7 of it
    the attenuation is at least 65 dB (required: 25 dB there and 50 dB at 9/7).

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
