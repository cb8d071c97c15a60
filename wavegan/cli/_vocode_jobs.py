"""Map each input of `wavegan vocode` to its output file, before any work."""

from collections.abc import Callable, Iterator, Sequence
from itertools import count
from pathlib import Path

from wavegan.cli._options import FORMATS
from wavegan.cli._vocode_inputs import expand
from wavegan.errors import UserError
from wavegan.targets import check_files, check_folder_name

Job = tuple[Path, Path]
"""An input file and its output file."""


def jobs(
    inputs: Sequence[Path],
    out: Path,
    file_format: str,
    *,
    force: bool,
    note: Callable[[str], None],
) -> list[Job]:
    """Map inputs to outputs.

    Args:
        inputs: files and folders.
        out: a file, or a folder: if there are several inputs, if it is one, or if it has no
            extension.
        file_format: format of files in a folder.
        force: allow overwriting.
        note: receives a line about what is skipped.

    Raises:
        UserError: `out` does not fit the inputs, or a file there would be overwritten.
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
            f"--out {out}: give a file that ends in .wav, .flac or .ogg, or a folder (no extension)"
        )
    if file_format not in (ending, FORMATS[0]):
        raise UserError(f"--format {file_format} and --out {out} differ: leave out --format")
    return out


def _several(
    inputs: Sequence[Path], out: Path, file_format: str, note: Callable[[str], None]
) -> list[Job]:
    if str(out) == "-" or out.is_file():
        raise UserError(f"--out {out}: there are several inputs: give a folder")
    check_folder_name(out)
    from wavegan.mel.mel_file import SUFFIXES

    found: dict[Path, Path] = {}
    taken: set[Path] = set()
    for source, relative in expand(inputs, out, SUFFIXES, note):
        found[source] = out / next(n for n in _names(relative, file_format) if n not in taken)
        taken.add(found[source].relative_to(out))
    if not found:
        raise UserError(f"{inputs[0]}: it contains no audio and no mel files: give another folder")
    return list(found.items())


def _names(relative: Path, file_format: str) -> Iterator[Path]:
    """Possible names of an output file, the best one first."""
    yield relative.with_suffix(f".{file_format}")
    yield relative.with_name(f"{relative.name}.{file_format}")
    for number in count(2):
        yield relative.with_name(f"{relative.name}.{number}.{file_format}")
