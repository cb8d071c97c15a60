"""How much memory a command may take for what cannot be done piece by piece."""

import os

from wavegan.errors import UserError

VARIABLE = "WAVEGAN_MEMORY"
USUAL = 1.5
"""GB."""
LOADED = 0.35
"""GB of that which Python, torch and a model take before the work."""


def spare() -> float:
    """Bytes that may be taken for the work.

    Raises:
        UserError: `WAVEGAN_MEMORY` is no number of gigabytes.
    """
    text = os.environ.get(VARIABLE, "").strip()
    try:
        size = float(text) if text else USUAL
    except ValueError:
        size = 0.0
    if not 0 < size < float("inf"):
        raise UserError(f"{VARIABLE}={text}: give gigabytes, such as {VARIABLE}=4")
    return max(size - LOADED, 0) * 1e9


def way_out() -> str:
    """What to do about something that is too long, for the end of a message."""
    return (
        f"cut it into parts, or allow more than {USUAL} GB of memory by {VARIABLE}, such as "
        f"{VARIABLE}=4"
    )
