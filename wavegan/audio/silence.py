"""What counts as silence: nothing that anybody hears, or that a number may be divided by."""

from torch import Tensor

INAUDIBLE = 1e-6
"""Peak below which a clip is silent, -120 dBFS: half of the last of 19 bits. A converter's noise is
louder; what programs leave behind a fade, down to denormal numbers, is softer."""


def is_silent(wave: Tensor) -> bool:
    """Whether a wave of any shape, without NaN, has nothing to hear."""
    return not wave.numel() or float(wave.abs().max()) < INAUDIBLE
