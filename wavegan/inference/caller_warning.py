"""Give warnings that point at the caller's line, outside this package."""

import sys
import warnings

_OURS = ("wavegan", "torch", "contextlib")


def warn_caller(message: str, category: type[Warning]) -> None:
    """Warn with the line that called this package."""
    level, frame = 1, sys._getframe()
    while frame.f_back is not None and _package(frame.f_globals) in _OURS:
        level, frame = level + 1, frame.f_back
    warnings.warn(message, category, stacklevel=level)


def _package(names: dict[str, object]) -> str:
    return str(names.get("__name__", "")).split(".", 1)[0]
