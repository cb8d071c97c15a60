"""Clips to listen to are no part of the training: where they cannot be written, it goes on."""

import warnings
from collections.abc import Callable
from pathlib import Path

from wavegan.errors import RunError, UserError
from wavegan.interrupt import undisturbed


def write(folder: Path, files: Callable[[], None]) -> None:
    """Write files into a folder, which is made; what the disk refuses is said once a run.

    Args:
        folder: of the previews of a step.
        files: writes them.
    """
    with undisturbed():
        try:
            for made in (folder.parent, folder):  # and no more: the run's may be gone
                made.mkdir(exist_ok=True)
            files()
        except (OSError, RunError, UserError) as error:
            reason = error.reason if isinstance(error, RunError | UserError) else error.strerror
            # the same text each time, as it is shown once
            warnings.warn(
                f"{folder.parent}: no previews can be written ({reason}); training goes on",
                RuntimeWarning,
                stacklevel=3,
            )
