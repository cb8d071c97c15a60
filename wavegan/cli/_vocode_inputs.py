"""Which files of the folders given to `wavegan vocode` are its inputs."""

from collections.abc import Callable, Sequence
from pathlib import Path

from wavegan.errors import UserError


def expand(
    inputs: Sequence[Path], mels: Sequence[str], note: Callable[[str], None]
) -> list[tuple[Path, Path]]:
    """Each file with its place below the output folder.

    In folders, those of training runs, and audio that a command of ours made unless there is
    nothing else, are passed over, so that a second run of the same command has the same inputs.

    Args:
        inputs: files, which are taken as they are, and folders.
        mels: suffixes of files of mels.
        note: is told what is passed over.
    """
    found = []
    for entry in inputs:
        if entry.is_dir():
            found += [(file, file.relative_to(entry)) for file in _files(entry, mels, note)]
        else:
            found.append((entry, Path(entry.name)))
    return found


def _files(folder: Path, mels: Sequence[str], note: Callable[[str], None]) -> list[Path]:
    from wavegan.data import passed_over
    from wavegan.data.scan import READABLE, UNREADABLE

    runs = [
        path
        for path in sorted(folder.rglob("*"))
        if path.is_dir() and passed_over.is_run([entry.name for entry in path.iterdir()])
    ]
    for run in runs:
        note(passed_over.run_line(folder, str(run.relative_to(folder)), READABLE | UNREADABLE))
    files = []
    for file in sorted(folder.rglob("*")):
        hidden = any(part.startswith(".") for part in file.relative_to(folder).parts)
        known = file.suffix.lower() in {*READABLE, *mels}
        if known and file.is_file() and not hidden and not any(r in file.parents for r in runs):
            files.append(file)
    made = {file: command for file in files if (command := _made_by(file, mels))}
    if not made or len(made) == len(files):
        return files
    first = next(iter(made))
    note(
        f"passed over: {len(made)} audio files that wavegan {made[first]} made: "
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
