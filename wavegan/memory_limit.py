"""The memory limit of a command for work that cannot be done in blocks."""

import os

from wavegan.errors import UserError

VARIABLE = "WAVEGAN_MEMORY"
USUAL = 1.5
"""Default limit, GB."""
LOADED = 0.35
"""GB of the limit that Python, torch and a model take before the work."""


def spare() -> float:
    """Bytes that the work may take.

    Raises:
        UserError: `WAVEGAN_MEMORY` is not a positive number of gigabytes.
    """
    text = os.environ.get(VARIABLE, "").strip()
    try:
        size = float(text) if text else USUAL
    except ValueError:
        size = 0.0
    if not 0 < size < float("inf"):
        raise UserError(f"{VARIABLE}={text}: give a number of gigabytes, such as {VARIABLE}=4")
    return max(size - LOADED, 0) * 1e9


def memory_remedy() -> str:
    """The end of a message about something that is too long: what to do."""
    return (
        f"cut it into parts, or allow more than {USUAL} GB of memory with the environment variable "
        f"{VARIABLE}, such as {VARIABLE}=4"
    )
