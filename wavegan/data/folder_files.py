"""Walk a data folder."""

import os
from collections.abc import Iterator
from pathlib import Path, PurePosixPath


def files_below(folder: Path) -> Iterator[PurePosixPath]:
    """Paths of the files below a folder, folder by folder in order of names, without hidden ones.

    Links are followed, to each folder once.
    """
    seen = set()
    for root, folders, files in os.walk(folder, followlinks=True):
        status = os.stat(root)
        if (status.st_dev, status.st_ino) in seen:
            folders.clear()
            continue
        seen.add((status.st_dev, status.st_ino))
        folders[:] = sorted(name for name in folders if not name.startswith("."))
        below = Path(root).relative_to(folder)
        for name in sorted(files):
            if not name.startswith("."):
                yield PurePosixPath((below / name).as_posix())
