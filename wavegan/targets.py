"""Check output paths before the work: existing files need `--force`, inputs are never overwritten.

Every command that writes to a path of the user calls this first.
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
"""Endings of files; a new folder may not have such a name."""


def check_files(
    files: Sequence[Path],
    *,
    inputs: Iterable[Path] = (),
    other: str = "another --out",
    force: bool,
) -> None:
    """Check that files may be written.

    Args:
        files: all files that will be written.
        inputs: files that are read; they are kept even with `force`.
        other: what to give instead, for messages.
        force: existing files may be overwritten.

    Raises:
        UserError: a file is an input, is a folder, or exists already.
    """
    read = {_identity(file) for file in inputs}
    for file in files:
        if _identity(file) in read:
            raise UserError(
                f"{file} is an input and would be overwritten: give {other} (--force keeps inputs)"
            )
        if file.is_dir():
            raise UserError(f"{file} is a folder, but a file is written there: give {other}")
    # writing into a pipe or a device destroys nothing
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
    """Check that an output folder may be written; an existing one must be empty.

    Args:
        folder: the output folder.
        own: names of the files written into it; with `force` a folder that holds nothing else is
            replaced.
        inputs: files that are read; they are kept even with `force`.
        option: the option that gave the folder, for messages.
        force: replace an earlier output.

    Raises:
        UserError: it is a file or has the name of one, is or contains an input, or is in use.
    """
    check_folder_name(folder, option=option)
    there = sorted(entry.name for entry in folder.iterdir()) if folder.is_dir() else []
    if not there:
        return
    place = folder.resolve()
    if any(place in (file.resolve(), *file.resolve().parents) for file in inputs):
        raise UserError(f"{option} {folder}: it is an input or contains one; give a new folder")
    if strange := [name for name in there if name not in own]:
        raise UserError(
            f"{option} {folder}: it is in use (it contains {strange[0]}); give a new folder"
        )
    if not force:
        raise UserError(
            f"{option} {folder}: it is in use; give a new folder, or --force to replace it"
        )


def check_folder_name(folder: Path, *, option: str = "--out") -> None:
    """Check that a path is a folder or may become one.

    Raises:
        UserError: it is a file, or has the name of one.
    """
    if str(folder) == "-":
        raise UserError(f"{option} -: several files cannot go to stdout; give a folder")
    if folder.exists() and not folder.is_dir():
        raise UserError(f"{option} {folder}: it is a file; give a new folder")
    if not folder.is_dir() and folder.suffix.lower() in ENDINGS:
        raise UserError(
            f"{option} {folder}: a folder is needed here, but {folder.suffix} is the ending of a "
            "file: leave the ending out"
        )


def _identity(file: Path) -> object:
    """Identifies a file; equal for all paths to it."""
    try:
        status = os.stat(file)
    except OSError:
        return file.resolve()
    return (status.st_dev, status.st_ino) if status.st_ino else file.resolve()
