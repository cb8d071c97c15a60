"""Clips that are read once for a whole run: one that cannot be read is replaced by the next."""

import warnings
from collections.abc import Callable, Iterable, Sequence

from wavegan.counted import counted
from wavegan.data.manifest import Clip, Rejected, printable
from wavegan.errors import UserError
from wavegan.validation.base import HeldOut


def readable(clips: Sequence[Clip], read: Callable[[Clip], HeldOut], count: int) -> list[HeldOut]:
    """The first clips that can be read, at most `count`; the others are warned of by name.

    Raises:
        UserError: not one of them can be read.
    """
    found: list[HeldOut] = []
    failed: dict[str, str] = {}
    for clip in clips:
        if len(found) == count:
            break
        try:
            found.append(read(clip))
        except (UserError, OSError) as error:
            failed.setdefault(clip.path, str(error))
    if failed and not found:
        raise UserError(
            f"none of the {counted(len(failed), 'file')} to validate with can be read any more: "
            f"{next(iter(failed.values()))}"
        )
    for path, reason in failed.items():
        text = f"{printable(path)} is left out of validation: {reason}"
        warnings.warn(text, RuntimeWarning, stacklevel=2)
    return found


def say_replaced(failures: Iterable[Rejected]) -> None:
    """Warn of files in whose place others are measured, once each."""
    for path, reason in {failure.path: failure.reason for failure in failures}.items():
        text = f"{printable(path)} was replaced by another file in validation: {reason}"
        warnings.warn(text, RuntimeWarning, stacklevel=2)
