"""Write preview clips; training continues if they cannot be written."""

import warnings
from collections.abc import Callable
from pathlib import Path

from wavegan.errors import RunError, UserError
from wavegan.interrupt import delay_signals


def write(folder: Path, files: Callable[[], None]) -> None:
    """Make a folder and write files into it; failures give one warning per run.

    Args:
        folder: folder for the previews of a step.
        files: writes the files.
    """
    with delay_signals():
        try:
            for made in (folder.parent, folder):  # no further parents: the run may be deleted
                made.mkdir(exist_ok=True)
            files()
        except (OSError, RunError, UserError) as error:
            reason = error.reason if isinstance(error, RunError | UserError) else error.strerror
            # the text has no step, so that it is shown only once
            warnings.warn(
                f"{folder.parent}: cannot write previews ({reason}); training continues",
                RuntimeWarning,
                stacklevel=3,
            )
