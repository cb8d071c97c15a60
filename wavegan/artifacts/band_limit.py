"""Detect an empty band from some frequency up to half the sample rate."""

import numpy as np
from torch import Tensor

from wavegan.artifacts._bands import envelope
from wavegan.artifacts._spectrum import Array
from wavegan.artifacts.base import Artifact, Finding

EDGE = 0.025
"""Width of the edge of a steep filter, as a share of half the sample rate."""
BESIDE = 0.06
"""Width of the compared bands below and above the edge, as the same share."""
STEP = 25.0
"""dB between the two bands. Voices fall by up to 24 within this width, if a recording was denoised
or a microphone ends there."""
LOWEST, HIGHEST = 0.4, 0.92
"""Range of the edge, as the same share. Filters of converters begin at 0.9 and more."""
REBOUND = 6.0
"""dB by which the level above may exceed that right above the edge."""


class BandLimit(Artifact):
    """A steep edge with an empty band above it, up to half the sample rate."""

    def look(self, wave: Tensor, sample_rate: int) -> list[Finding]:
        """At most one finding; `strength` is the height of the edge in dB."""
        values, bin_hz = envelope(wave, sample_rate, None)
        edge = _edge(values)
        if edge is None:
            return []
        place, step = edge
        hertz, nyquist = place * bin_hz, sample_rate / 2
        return [
            Finding(
                "band_limit",
                "band limit",
                f"nothing above {hertz:.0f} Hz, although {sample_rate} Hz reach to "
                f"{nyquist:.0f} Hz: the level falls by {step:.0f} dB there",
                _cause(hertz),
                0.0,
                len(wave) / sample_rate,
                step,
                "dB",
                hertz,
                nyquist,
            )
        ]


def _edge(values: Array) -> tuple[int, float] | None:
    """Bin and height of the highest edge."""
    count = len(values)
    half, beside = max(round(EDGE * count / 2), 1), max(round(BESIDE * count), 4)
    best: tuple[int, float] | None = None
    for place in range(round(LOWEST * count), round(HIGHEST * count)):
        below = np.median(values[max(place - half - beside, 0) : place - half])
        above = np.median(values[place + half : place + half + beside])
        if below - above < STEP or values[place + half :].max() > above + REBOUND:
            continue
        if best is None or below - above > best[1]:
            best = place, float(below - above)
    if best is None:
        return None
    # the difference is the same anywhere in the gap between the bands, or in half of the lower
    # band, as its median does not change there
    first, last = best[0] - half - beside, best[0] + half + 1
    return first + int(np.diff(values[first:last]).argmin()) + 1, best[1]


def _cause(hertz: float) -> str:
    for rate in (8000, 11025, 12000, 16000, 22050, 24000, 32000):
        if 0.9 * rate / 2 <= hertz <= 1.02 * rate / 2:
            return (
                f"a recording of {rate} Hz that was upsampled, or a low-pass or lossy coding; "
                "models trained on such clips have the same gap: use a lower sample rate, or "
                "leave them out"
            )
    return (
        "an earlier low-pass or lossy coding (MP3), or a mel front-end with a low f_max: leave "
        "such clips out of the training data, or raise f_max"
    )
