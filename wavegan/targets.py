"""Where a person wants something written: nothing is overwritten unasked, and inputs never are.

Whatever writes to a place that was named asks here first, before the work.
"""

import os
from collections.abc import Collection, Iterable, Sequence
from pathlib import Path

from wavegan.errors import UserError

ENDINGS = frozenset(
    (
        *(".wav", ".flac", ".ogg", ".oga", ".opus", ".mp3", ".m4a", ".aif", ".aiff"),
        *(".npy", ".npz", ".pt", ".pth", ".pkl", ".ckpt", ".bin", ".h5", ".safetensors", ".onnx"),
        *(".json", ".jsonl", ".yaml", ".yml", ".txt", ".csv", ".tsv", ".md"),
        *(".png", ".jpg", ".jpeg", ".svg", ".pdf", ".html", ".htm", ".zip", ".tar", ".gz"),
    )
)
"""What names of files end in; a folder that is to be made is not called so."""


def check_files(
    files: Sequence[Path],
    *,
    inputs: Iterable[Path] = (),
    other: str = "another --out",
    force: bool,
) -> None:
    """See that files may be written.

    Args:
        files: all that will be.
        inputs: files that are read, which are kept even with `force`.
        other: what to give instead.
        force: files that are there may be overwritten.

    Raises:
        UserError: one of them is an input or a folder, or is there already.
    """
    read = {_identity(file) for file in inputs}
    for file in files:
        if _identity(file) in read:
            raise UserError(
                f"{file} is an input and would be overwritten: give {other} (--force keeps inputs)"
            )
        if file.is_dir():
            raise UserError(f"{file} is a folder, and a file is to be written there: give {other}")
    # a pipe or a device is written into, nothing in it is lost
    there = [] if force else [file for file in files if file.is_file()]
    if there:
        more = f" (and {len(there) - 1} more)" if len(there) > 1 else ""
        raise UserError(f"{there[0]} exists{more}: give {other}, or --force to overwrite it")


def check_folder(
    folder: Path,
    *,
    own: Collection[str],
    inputs: Iterable[Path] = (),
    option: str = "--out",
    force: bool,
) -> None:
    """See that a folder may be written whole; one that is there has to be empty.

    Args:
        folder: to be made.
        own: names of what is written into it; with `force` a folder that holds nothing else is
            replaced.
        inputs: what is read, which is kept even with `force`.
        option: that gave it.
        force: replace what was written there before.

    Raises:
        UserError: it is a file or called like one, is or holds an input, or is in use.
    """
    check_folder_name(folder, option=option)
    there = sorted(entry.name for entry in folder.iterdir()) if folder.is_dir() else []
    if not there:
        return
    place = folder.resolve()
    if any(place in (file.resolve(), *file.resolve().parents) for file in inputs):
        raise UserError(f"{option} {folder}: it is an input or holds one; give a new folder")
    if strange := [name for name in there if name not in own]:
        raise UserError(
            f"{option} {folder}: it is in use; give a new folder (it holds {strange[0]})"
        )
    if not force:
        raise UserError(
            f"{option} {folder}: it is in use; give a new folder, or --force to replace it"
        )


def check_folder_name(folder: Path, *, option: str = "--out") -> None:
    """See that a folder is, or could be, one.

    Raises:
        UserError: it is a file, or called like one.
    """
    if str(folder) == "-":
        raise UserError(f"{option} -: files are written here, and not to stdout; give a folder")
    if folder.exists() and not folder.is_dir():
        raise UserError(f"{option} {folder}: it is a file; give a new folder")
    if not folder.is_dir() and folder.suffix.lower() in ENDINGS:
        raise UserError(
            f"{option} {folder}: a folder is needed here, and {folder.suffix} is the ending of a "
            "file: leave it out"
        )


def _identity(file: Path) -> object:
    """The same for all names of one file."""
    try:
        status = os.stat(file)
    except OSError:
        return file.resolve()
    return (status.st_dev, status.st_ino) if status.st_ino else file.resolve()
