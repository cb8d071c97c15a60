"""Frequencies of mains hum."""

MAINS = (50.0, 60.0)
HIGHEST = 1000.0
"""Highest frequency of a hum line, Hz."""
OFF = 1.2
"""Tolerance of its frequency, Hz."""


def of_mains(hertz: float) -> float | None:
    """50 or 60 if the frequency is a multiple of it, else None."""
    if hertz <= HIGHEST:
        for base in MAINS:
            if hertz > base / 2 and abs(hertz - round(hertz / base) * base) <= OFF:
                return base
    return None
