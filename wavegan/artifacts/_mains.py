"""Frequencies of mains hum."""

MAINS = (50.0, 60.0)
HIGHEST = 1000.0
"""Hz up to which a line at a multiple of the mains' frequency is taken for hum."""
OFF = 1.2
"""Hz by which it may be off."""


def of_mains(hertz: float) -> float | None:
    """50 or 60 where a frequency is a multiple of it, else None."""
    if hertz <= HIGHEST:
        for base in MAINS:
            if hertz > base / 2 and abs(hertz - round(hertz / base) * base) <= OFF:
                return base
    return None
