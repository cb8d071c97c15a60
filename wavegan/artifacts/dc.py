"""Detect a DC offset."""

import numpy as np
from torch import Tensor

from wavegan.artifacts.base import Artifact, Finding

BLOCK = 0.05
"""Seconds per reading, which is a mean: a period of 20 Hz."""
FEWEST = 4
"""Fewest readings."""
LEAST = 0.004
"""Smallest offset, of full scale (-48 dBFS); smaller ones do not click in edits and fades."""
STEADY = 4.0
"""Smallest ratio to the spread of the readings, as low notes and breath sway without an offset."""
SWAY = 0.2
"""Largest share of readings with the other sign."""


class DC(Artifact):
    """A constant offset: the median of block means, compared with their spread."""

    def look(self, wave: Tensor, sample_rate: int) -> list[Finding]:
        """At most one finding; `strength` is the offset, per cent of full scale."""
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
                f"constant offset of {offset:+.4f} ({20 * np.log10(abs(offset)):.0f} dBFS)",
                "the last bias of the generator, an offset in its training data, or a sound card: "
                "subtract the mean from the data (or high-pass them at 20 Hz) and continue "
                "training; for this file, use a high-pass at 20 Hz",
                0.0,
                len(wave) / sample_rate,
                percent,
                "%",
                0.0,
                0.0,
            )
        ]
