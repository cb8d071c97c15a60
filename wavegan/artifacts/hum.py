"""Detect mains hum."""

import numpy as np
from torch import Tensor

from wavegan.artifacts._lines import Line, line_spectrum, steady_lines
from wavegan.artifacts._mains import of_mains
from wavegan.artifacts.base import Artifact, Finding

PROMINENCE = 10.0
"""Smallest prominence of a line in quiet parts, dB."""
FEWEST = 2
"""Fewest lines at multiples of one mains frequency."""
ALONE = 20.0
"""Prominence of a line at 50 or 60 Hz that is enough on its own, dB."""
SECONDS = 1.5
"""Shortest clip for which one line is enough, as a drum may ring at 50 Hz."""
BELOW = 45.0
"""dB below the clip's loud parts at which a line does not matter."""


class Hum(Artifact):
    """Steady lines at multiples of 50 or 60 Hz up to 1 kHz: the fundamental, or two of them."""

    def look(self, wave: Tensor, sample_rate: int) -> list[Finding]:
        """One finding per mains frequency; `strength` is the largest prominence in dB."""
        look = line_spectrum(wave, sample_rate)
        if look is None:
            return []
        least = np.percentile(look.levels, 90) - BELOW
        lines = [line for line in steady_lines(look, PROMINENCE) if line.level >= least]
        alone = len(wave) >= SECONDS * sample_rate
        families = {base: [x for x in lines if of_mains(x.hertz) == base] for base in (50, 60)}
        return [
            _finding(base, family)
            for base, family in families.items()
            if len(family) >= FEWEST or (alone and family and _is_enough(family[0], base))
        ]


def _is_enough(line: Line, base: float) -> bool:
    return line.prominence >= ALONE and line.hertz < 1.5 * base


def _finding(base: float, lines: list[Line]) -> Finding:
    strongest = max(lines, key=lambda line: line.level)
    multiples = ", ".join(f"{line.hertz:.0f}" for line in lines)
    return Finding(
        "hum",
        "mains hum",
        f"hum of {base:.0f} Hz mains: lines at {multiples} Hz, up to {strongest.level:.0f} dBFS",
        "a ground loop or a power supply in the recording; models learn it: filter it out of the "
        "training data (notches at these frequencies, or a high-pass below the voice)",
        min(line.start for line in lines),
        max(line.end for line in lines),
        max(line.prominence for line in lines),
        "dB",
        lines[0].hertz,
        lines[-1].hertz,
    )
