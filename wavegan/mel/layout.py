"""Which way a spectrogram lies: bands first, or frames first.

The number of bands tells, but not where there are as many frames. Then the values decide where they
are clear: most sound changes less from frame to frame than from band to band. Where they are not,
it is taken as told, and that is said.
"""

from dataclasses import dataclass
from typing import Literal

import torch
from torch import Tensor

Layout = Literal["frames_last", "frames_first"]

CLEAR = 0.9
"""Natural logarithm of how many times rougher one way is than the other; of 500 squares out of
recordings none that lay the wrong way reached 0.8."""


class GuessedWarning(RuntimeWarning):
    """Which way a square spectrogram lies was guessed."""


@dataclass(frozen=True)
class Orientation:
    """How a spectrogram lies.

    Attributes:
        turned: it is (L, n_mels), and has to be transposed.
        doubt: what to say of a square, where something was guessed; else None.
    """

    turned: bool
    doubt: str | None = None


def of_square(mel: Tensor, layout: Layout) -> Orientation:
    """Decide for as many frames as bands.

    Args:
        mel: (n, n).
        layout: what it is taken for where its values do not tell.
    """
    lead = _lead(mel.detach().float())
    size = " x ".join(map(str, mel.shape))
    if lead is None:
        return Orientation(layout == "frames_first")  # the same either way
    turned = lead < 0 if abs(lead) > CLEAR else layout == "frames_first"
    way = "(frames, n_mels) and turned" if turned else "(n_mels, frames)"
    if abs(lead) <= CLEAR:
        doubt = f"{size} values do not say which way they lie: taken as {way}"
        return Orientation(turned, f"{doubt}; give another number of frames to be sure")
    if turned == (layout == "frames_first"):
        return Orientation(turned)
    return Orientation(turned, f"{size} values lie as {way}, by how they change: make sure")


def _lead(mel: Tensor) -> float | None:
    """How much rougher over the first axis than over the second; None where both are constant."""
    roughness = []
    for order in (1, 2):
        first, second = (mel.diff(n=order, dim=axis).abs().mean() for axis in (0, 1))
        if not first + second > 0:
            return None
        tiny = 1e-6 * (first + second)
        roughness.append(float(torch.log((first + tiny) / (second + tiny))))
    return sum(roughness) / len(roughness)
