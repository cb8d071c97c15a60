"""Detect dropouts: silence in the middle of sound."""

import numpy as np
import torch
from torch import Tensor

from wavegan.artifacts._spectrum import Array, level, runs
from wavegan.artifacts.base import Artifact, Finding

SHORTEST = 0.004
"""Shortest dropout: seconds with the same value."""
BESIDE = 0.01
"""Seconds before and after that must have sound."""
EDGE = 0.004
"""Seconds right next to the dropout; sound that fades out before a pause is soft there."""
WITHIN = 30.0
"""dB that the sound around the dropout may be below the clip's loudest frames."""
FADED = 12.0
"""dB by which the edge may be softer than the sound around the dropout."""
PEAK = 0.9
"""Share of the largest sample; a constant run above it is clipping."""


class Dropouts(Artifact):
    """Runs of one value between sound that stops abruptly and sound that starts abruptly."""

    def look(self, wave: Tensor, sample_rate: int) -> list[Finding]:
        """One finding per dropout; `strength` is its length in milliseconds."""
        values = wave.double().numpy()
        size = max(round(BESIDE * sample_rate), 1)
        if len(values) < 4 * size:
            return []
        # an offset is not sound
        centred = values - np.median(values)
        frames = torch.from_numpy(centred[: len(values) // size * size]).reshape(-1, size)
        loud = level(float(np.percentile(frames.square().mean(1).numpy(), 95)))
        still = runs(np.diff(values) == 0)
        holes = [
            (first, last + 1)
            for first, last in still
            if last + 1 - first >= SHORTEST * sample_rate
            and abs(values[first]) < PEAK * np.abs(values).max()
            and _breaks_off(centred[: first + 1][::-1], loud, sample_rate)
            and _breaks_off(centred[last:], loud, sample_rate)
        ]
        return [
            _finding(first / sample_rate, last / sample_rate, values[first])
            for first, last in holes
        ]


def _breaks_off(away: Array, loud: float, sample_rate: int) -> bool:
    """Whether there is sound right next to a dropout; `away` runs away from it."""
    beside = away[1 : 1 + round(BESIDE * sample_rate)]
    edge = away[1 : 1 + max(round(EDGE * sample_rate), 4)]
    if len(beside) < len(edge) or not beside.any():
        return False
    there = level(float(np.square(beside).mean()))
    return there >= loud - WITHIN and level(float(np.square(edge).mean())) >= there - FADED


def _finding(start: float, end: float, value: float) -> Finding:
    length = 1000 * (end - start)
    kind = "digital silence" if value == 0 else f"the same value, {value:+.3f},"
    return Finding(
        "dropouts",
        "dropout",
        f"{length:.0f} ms of {kind} in the middle of sound",
        "a lost chunk or buffer: check how chunks are joined, or the recording; leave such clips "
        "out of the training data",
        start,
        end,
        length,
        "ms",
    )
