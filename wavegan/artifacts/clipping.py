"""Detect clipping."""

import numpy as np
from torch import Tensor

from wavegan.artifacts._spectrum import Array, runs
from wavegan.artifacts.base import Artifact, Finding

NEAR_PEAK = 0.98
"""Smallest level of a flat run, as a share of the largest sample of the same sign."""
SHORTEST = 3
"""Fewest samples of a flat run."""
FEWEST = 3
"""Fewest flat runs, unless one is LONG."""
LONG = 8
"""Samples."""
STEP = 1 / 32768
"""Tolerance for equal samples: one step of 16 bits."""
CORNER = 20.0
"""How far the wave must fall next to a flat run, relative to the unevenness of the run. A parabola
that is flat within q over L samples falls by at most 9 q at L samples beyond either end."""


class Clipping(Artifact):
    """Flat runs at the top or bottom, at full scale or below, with corners at their ends."""

    def look(self, wave: Tensor, sample_rate: int) -> list[Finding]:
        """At most one finding; `strength` is the number of clipped samples."""
        values = wave.double().numpy()
        found = [(sign, _flat_runs(sign * values)) for sign in (1.0, -1.0)]
        flat = sorted(run for _, of_sign in found for run in of_sign)
        longest = max((last - first for first, last in flat), default=0)
        if len(flat) < FEWEST and longest < LONG:
            return []
        count = sum(last - first for first, last in flat)
        top = max(float((sign * values).max()) for sign, of_sign in found if of_sign)
        where = "at full scale" if top >= 0.999 else f"at {20 * np.log10(top):.1f} dBFS"
        cause = (
            "it was louder than the file format allows: write with less gain, or as float; if the "
            "training data clip, the model learns it: lower their gain before they are encoded"
            if top >= 0.999
            else "it clipped before its level was lowered, usually in the recording: find the "
            "original, or leave the clip out of the training data"
        )
        text = f"{count} samples in {len(flat)} flat runs {where}, the longest of {longest}"
        start, end = flat[0][0] / sample_rate, flat[-1][1] / sample_rate
        return [Finding("clipping", "clipping", text, cause, start, end, float(count), "samples")]


def _flat_runs(values: Array) -> list[tuple[int, int]]:
    """Flat runs at the top."""
    peak = values.max()
    if peak < 100 * STEP:
        return []
    high = values >= NEAR_PEAK * peak
    level = high[1:] & high[:-1] & (np.abs(np.diff(values)) <= STEP)
    flat = [(first, last + 1) for first, last in runs(level) if last + 1 - first >= SHORTEST]
    return [run for run in flat if _has_corners(values, *run)]


def _has_corners(values: Array, first: int, last: int) -> bool:
    length = last - first
    uneven = np.ptp(values[first:last]) + STEP
    bottom = values[first:last].min()
    left, right = first - length, last - 1 + length
    sides = [values[place] for place in (left, right) if 0 <= place < len(values)]
    return bool(sides) and all(bottom - side >= CORNER * uneven for side in sides)
