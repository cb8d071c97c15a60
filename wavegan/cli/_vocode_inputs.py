"""Find the input files of `wavegan vocode` in the given folders."""

import os
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path

from wavegan.counted import counted
from wavegan.errors import UserError

SHOWN = 3


def expand(
    inputs: Sequence[Path], out: Path, mels: Sequence[str], note: Callable[[str], None]
) -> list[tuple[Path, Path]]:
    """Each input file with its path relative to the output folder.

    In folders, the output folder, training runs, and audio made by wavegan are skipped, so that
    running the same command twice has the same inputs. (If all audio there is made by wavegan, it
    is used.) Files that look like audio but cannot be read are skipped with a note.

    Args:
        inputs: files, which are never skipped, and folders.
        out: where the outputs go.
        mels: suffixes of mel files.
        note: receives a line about what is skipped.
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

    files: list[Path] = []
    unusable: dict[Path, str] = {}
    for place, folders, names in os.walk(folder):
        here = Path(place)
        if here != folder and passed_over.is_run([*folders, *names]):
            inside = str(here.relative_to(folder))
            note(passed_over.run_line(folder, inside, READABLE | UNREADABLE))
            folders.clear()
            continue
        if here != folder and os.path.realpath(here) == os.path.realpath(out):
            count = sum(file.is_file() for file in here.rglob("*"))
            note(f"passed over: {counted(count, 'file')} in --out {out}")
            folders.clear()
            continue
        folders[:] = sorted(name for name in folders if not name.startswith("."))
        shown = (here / name for name in names if not name.startswith("."))
        for file in filter(Path.is_file, shown):
            if file.suffix.lower() in {*READABLE, *mels}:
                files.append(file)
            elif why := _why_not(file):
                unusable[file] = why
            elif file.suffix.lower() in UNREADABLE:
                files.append(file)
    files.sort()
    if unusable:
        note(_summary(unusable))
    made = {file: command for file in files if (command := _made_by(file, mels))}
    if not made or len(made) == len(files):
        return files
    first = next(iter(made))
    note(
        f"passed over: {counted(len(made), 'audio file')} that wavegan {made[first]} made: "
        f"{first}{', …' if len(made) > 1 else ''}"
    )
    return [file for file in files if file not in made]


def _why_not(file: Path) -> str:
    """Why a file that looks like audio is unreadable; "" if readable, or not like audio."""
    from wavegan.audio import formats

    if file.suffix.lower() not in formats.UNREADABLE:
        return formats.unnamed(file)
    try:
        kind = formats.content_of(file) or formats.by_name(file)
    except OSError as error:
        return error.strerror or "it cannot be opened"
    return kind.why if kind else ""


def _summary(unusable: Mapping[Path, str]) -> str:
    """How many files, and the names and reasons of the first few."""
    first = "; ".join(f"{file}: {unusable[file]}" for file in sorted(unusable)[:SHOWN])
    more = "; …" if len(unusable) > SHOWN else ""
    count = counted(len(unusable), "file that holds", "files that hold")
    return f"passed over: {count} no usable audio: {first}{more}"


def _made_by(file: Path, mels: Sequence[str]) -> str | None:
    """The wavegan command that made an audio file, or None."""
    from wavegan.audio import io, made_by

    if file.suffix.lower() in mels:
        return None
    try:
        return made_by.command(io.probe(file).tags)
    except UserError:
        return None
