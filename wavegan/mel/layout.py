"""Find the axis order of a square spectrogram: bands first, or frames first.

Usually the number of bands shows it, but not if there are as many frames. Then the values decide if
they are clear: most sound changes less from frame to frame than from band to band. If they are not
clear, the expected order is used, with a warning.
"""

from dataclasses import dataclass
from typing import Literal

import torch
from torch import Tensor

Layout = Literal["frames_last", "frames_first"]

CLEAR = 0.9
"""Least natural logarithm of the ratio of roughness between the axes for a clear decision. Of 500
squares from recordings, no wrong decision reached 0.8."""


class GuessedWarning(RuntimeWarning):
    """The axis order of a square spectrogram was guessed."""


@dataclass(frozen=True)
class Orientation:
    """The axis order of a spectrogram.

    Attributes:
        turned: it is (L, n_mels) and must be transposed.
        doubt: a warning if the order of a square was guessed; else None.
    """

    turned: bool
    doubt: str | None = None


def of_square(mel: Tensor, layout: Layout) -> Orientation:
    """Decide the axis order of a spectrogram with as many frames as bands.

    Args:
        mel: (n, n).
        layout: the order to use if the values are not clear.
    """
    lead = _lead(mel.detach().float())
    size = " x ".join(map(str, mel.shape))
    if lead is None:
        return Orientation(layout == "frames_first")  # constant: both orders are the same
    turned = lead < 0 if abs(lead) > CLEAR else layout == "frames_first"
    order = "(frames, n_mels) and transposed" if turned else "(n_mels, frames)"
    if abs(lead) <= CLEAR:
        doubt = f"the axis order of {size} values is unclear: read as {order}"
        return Orientation(turned, f"{doubt}; give another number of frames to be sure")
    if turned == (layout == "frames_first"):
        return Orientation(turned)
    return Orientation(turned, f"{size} values look like {order} and are read so: please check")


def _lead(mel: Tensor) -> float | None:
    """Log ratio of the roughness along the first and the second axis; None if constant."""
    roughness = []
    for order in (1, 2):
        first, second = (mel.diff(n=order, dim=axis).abs().mean() for axis in (0, 1))
        if not first + second > 0:
            return None
        tiny = 1e-6 * (first + second)
        roughness.append(float(torch.log((first + tiny) / (second + tiny))))
    return sum(roughness) / len(roughness)
