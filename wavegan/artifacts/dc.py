"""A constant offset of the wave."""

import numpy as np
from torch import Tensor

from wavegan.artifacts.base import Artifact, Finding

BLOCK = 0.05
"""Seconds whose mean is one reading: a period of 20 Hz."""
FEWEST = 4
"""Readings that it takes."""
LEAST = 0.004
"""Offset, of full scale (-48 dBFS): below it neither editing nor fading out clicks audibly."""
STEADY = 4.0
"""Times the spread of the readings: the sway of low notes and breath is no offset."""
SWAY = 0.2
"""Share of the readings that may have the other sign."""


class DC(Artifact):
    """An offset that stays: the median of the means of blocks, against their spread."""

    def look(self, wave: Tensor, sample_rate: int) -> list[Finding]:
        """One finding; `strength` is the offset, per cent of full scale."""
        size = round(BLOCK * sample_rate)
        count = len(wave) // size
        if count < FEWEST:
            return []
        means = wave[: count * size].double().reshape(count, size).mean(1).numpy()
        offset = float(np.median(means))
        spread = float(np.median(np.abs(means - offset)))
        against = float((np.sign(means) != np.sign(offset)).mean())
        if abs(offset) < LEAST or abs(offset) < STEADY * spread or against > SWAY:
            return []
        percent = 100 * abs(offset)
        return [
            Finding(
                "dc",
                "DC offset",
                f"offset of {offset:+.4f} ({20 * np.log10(abs(offset)):.0f} dBFS) all through",
                "a generator's last bias or an offset in its training data, or a sound card: take "
                "the mean off the data (or high-pass it at 20 Hz) and train on; for this file, a "
                "high-pass at 20 Hz",
                0.0,
                len(wave) / sample_rate,
                percent,
                "%",
                0.0,
                0.0,
            )
        ]
