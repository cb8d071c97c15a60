"""The threshold of silence: inaudible, and too small to divide by."""

from torch import Tensor

INAUDIBLE = 1e-6
"""Peak below which a clip is silent, -120 dBFS: half of the last of 19 bits. The noise of a
converter is louder; what programs leave after a fade, down to denormal numbers, is softer."""


def is_silent(wave: Tensor) -> bool:
    """Whether a wave of any shape, without NaN, is silent."""
    return not wave.numel() or float(wave.abs().max()) < INAUDIBLE
