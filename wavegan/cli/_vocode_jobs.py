"""What `wavegan vocode` reads and where it writes, settled before the work."""

from collections.abc import Callable, Iterator, Sequence
from itertools import count
from pathlib import Path

from wavegan.cli._options import FORMATS
from wavegan.cli._vocode_inputs import expand
from wavegan.errors import UserError
from wavegan.targets import check_files, check_folder_name

Job = tuple[Path, Path]
"""A file, and what it becomes."""


def jobs(
    inputs: Sequence[Path],
    out: Path,
    file_format: str,
    *,
    force: bool,
    note: Callable[[str], None],
) -> list[Job]:
    """Which file becomes which.

    Args:
        inputs: files and folders.
        out: a file, or a folder: of several inputs, where it is one, or where it has no ending.
        file_format: of files in a folder.
        force: files that are there may be overwritten.
        note: is told what is passed over.

    Raises:
        UserError: `out` does not fit the inputs, or something there would be overwritten.
    """
    if file_format not in FORMATS:
        raise UserError(f"--format {file_format}: give {', '.join(FORMATS)}")
    if len(inputs) > 1 or inputs[0].is_dir():
        found = _several(inputs, out, file_format, note)
    else:
        found = [(inputs[0], _one(inputs[0], out, file_format))]
    written = [target for _, target in found if str(target) != "-"]
    check_files(written, inputs=[source for source, _ in found], force=force)
    return found


def _one(source: Path, out: Path, file_format: str) -> Path:
    if str(out) == "-":
        return out
    if out.is_dir() or not (out.suffix or out.exists()):
        return out / f"{source.stem}.{file_format}"
    ending = out.suffix.lstrip(".").lower()
    if ending not in FORMATS:
        raise UserError(
            f"--out {out}: end it in .wav, .flac or .ogg, or give a folder, which has no ending"
        )
    if file_format not in (ending, FORMATS[0]):
        raise UserError(f"--format {file_format} and --out {out} differ: leave --format out")
    return out


def _several(
    inputs: Sequence[Path], out: Path, file_format: str, note: Callable[[str], None]
) -> list[Job]:
    if str(out) == "-" or out.is_file():
        raise UserError(f"--out {out}: several inputs need a folder")
    check_folder_name(out)
    from wavegan.mel.mel_file import SUFFIXES

    found: dict[Path, Path] = {}
    taken: set[Path] = set()
    for source, relative in expand(inputs, out, SUFFIXES, note):
        found[source] = out / next(n for n in _names(relative, file_format) if n not in taken)
        taken.add(found[source].relative_to(out))
    if not found:
        raise UserError(f"{inputs[0]}: no audio and no mel files in it")
    return list(found.items())


def _names(relative: Path, file_format: str) -> Iterator[Path]:
    """What a file may be called in the output folder, the best name first."""
    yield relative.with_suffix(f".{file_format}")
    yield relative.with_name(f"{relative.name}.{file_format}")
    for number in count(2):
        yield relative.with_name(f"{relative.name}.{number}.{file_format}")
