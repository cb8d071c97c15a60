"""Which files of the folders given to `wavegan vocode` are its inputs."""

import os
from collections.abc import Callable, Sequence
from pathlib import Path

from wavegan.errors import UserError


def expand(
    inputs: Sequence[Path], out: Path, mels: Sequence[str], note: Callable[[str], None]
) -> list[tuple[Path, Path]]:
    """Each file with its place below the output folder.

    In folders, the output folder, those of training runs, and audio that a command of ours made
    unless there is nothing else, are passed over, so that a second run of the same command has the
    same inputs.

    Args:
        inputs: files, which are taken as they are, and folders.
        out: where the outputs go.
        mels: suffixes of files of mels.
        note: is told what is passed over.
    """
    found = []
    for entry in inputs:
        if entry.is_dir():
            found += [(file, file.relative_to(entry)) for file in _files(entry, out, mels, note)]
        else:
            found.append((entry, Path(entry.name)))
    return found


def _files(folder: Path, out: Path, mels: Sequence[str], note: Callable[[str], None]) -> list[Path]:
    from wavegan.data import passed_over
    from wavegan.data.scan import READABLE, UNREADABLE

    files = []
    for place, folders, names in os.walk(folder):
        here = Path(place)
        if here != folder and passed_over.is_run([*folders, *names]):
            inside = str(here.relative_to(folder))
            note(passed_over.run_line(folder, inside, READABLE | UNREADABLE))
            folders.clear()
            continue
        if here != folder and os.path.realpath(here) == os.path.realpath(out):
            count = sum(file.is_file() for file in here.rglob("*"))
            note(f"passed over: {count} files in --out {out}")
            folders.clear()
            continue
        folders[:] = sorted(name for name in folders if not name.startswith("."))
        shown = (here / name for name in names if not name.startswith("."))
        known = (file for file in shown if file.suffix.lower() in {*READABLE, *mels})
        files += [file for file in known if file.is_file()]
    files.sort()
    made = {file: command for file in files if (command := _made_by(file, mels))}
    if not made or len(made) == len(files):
        return files
    first, noun = next(iter(made)), "file" if len(made) == 1 else "files"
    note(
        f"passed over: {len(made)} audio {noun} that wavegan {made[first]} made: "
        f"{first}{', …' if len(made) > 1 else ''}"
    )
    return [file for file in files if file not in made]


def _made_by(file: Path, mels: Sequence[str]) -> str | None:
    """The command of ours that made an audio file, or None."""
    from wavegan.audio import io, made_by

    if file.suffix.lower() in mels:
        return None
    try:
        return made_by.command(io.probe(file).tags)
    except UserError:
        return None
