"""PNGs of spectrograms, and of what differs between two of them."""

import numpy as np
from numpy.typing import NDArray

from wavegan import colours
from wavegan.audio.spectrogram_levels import DYNAMIC_RANGE, Frame, Levels
from wavegan.reports import png

LARGEST_DIFFERENCE = 20.0
"""dB at which the difference's colours end."""


def picture(decibels: Levels, frame: Frame) -> bytes:
    """A PNG of levels."""
    share = 1 + (decibels - frame.top) / DYNAMIC_RANGE
    return png.encode(_places(share), colours.level())


def difference(made: Levels, original: Levels, frame: Frame) -> tuple[bytes, float]:
    """A PNG of made minus original, and the mean absolute difference in dB.

    Levels below the pictures' black count as black. The mean is over the places where either is
    above it.
    """
    lowest = frame.top - DYNAMIC_RANGE
    change = np.maximum(made, lowest) - np.maximum(original, lowest)
    heard = (made > lowest) | (original > lowest)
    mean = float(np.abs(change[heard]).mean()) if heard.any() else 0.0
    share = (change / LARGEST_DIFFERENCE + 1) / 2
    return png.encode(_places(share), colours.difference()), mean


def _places(share: NDArray[np.floating]) -> NDArray[np.uint8]:
    """0 to 1, the lowest row first, to places in a palette, the highest row first."""
    places = np.rint(share.clip(0, 1) * (colours.LEVELS - 1)).astype(np.uint8)
    return np.ascontiguousarray(places[::-1])
