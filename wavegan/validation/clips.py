"""Read the validation clips of a run once; unreadable ones are replaced by the next."""

import warnings
from collections.abc import Callable, Iterable, Sequence

from wavegan.counted import counted
from wavegan.data.manifest import Clip, Rejected, printable
from wavegan.errors import UserError
from wavegan.validation.base import HeldOut


def readable(clips: Sequence[Clip], read: Callable[[Clip], HeldOut], count: int) -> list[HeldOut]:
    """The first readable clips, at most `count`; unreadable ones are named in warnings.

    Raises:
        UserError: none of them can be read.
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
            f"none of the {counted(len(failed), 'validation file')} can be read any more: "
            f"{next(iter(failed.values()))}"
        )
    for path, reason in failed.items():
        text = f"{printable(path)} is left out of validation: {reason}"
        warnings.warn(text, RuntimeWarning, stacklevel=2)
    return found


def warn_of_replaced(failures: Iterable[Rejected]) -> None:
    """Warn once about each file that was replaced by another."""
    for path, reason in {failure.path: failure.reason for failure in failures}.items():
        text = f"{printable(path)} was replaced by another file in validation: {reason}"
        warnings.warn(text, RuntimeWarning, stacklevel=2)
