"""Clips to listen to are no part of the training: where they cannot be written, it goes on."""

import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from wavegan.errors import RunError, UserError
from wavegan.interrupt import undisturbed


@contextmanager
def written(folder: Path) -> Iterator[None]:
    """Write files into a folder inside, which is made; what the disk refuses is said once a run."""
    with undisturbed():
        try:
            for made in (folder.parent, folder):  # and no more: the run's may be gone
                made.mkdir(exist_ok=True)
            yield
        except (OSError, RunError, UserError) as error:
            reason = getattr(error, "strerror", None) or str(error).partition(": ")[2]
            # the same text each time, as it is shown once
            warnings.warn(
                f"{folder.parent}: no previews can be written ({reason}); training goes on",
                RuntimeWarning,
                stacklevel=4,
            )
