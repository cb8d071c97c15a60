"""Real clips that were held out from training: find them, and separate them from the others."""

from collections.abc import Callable, Sequence
from dataclasses import replace
from pathlib import Path

from wavegan import bounded_text
from wavegan.data.file_list import files_of, some
from wavegan.data.manifest import Manifest
from wavegan.data.scan import scan
from wavegan.errors import UserError

FILE = "held_out.txt"
LARGEST = 1 << 30
"""Bytes of the list: millions of names."""
FEWEST = 2


def read_held_out(judge: Path) -> tuple[str, ...]:
    """Read which clips a judge was not trained on: paths within its data folder.

    Raises:
        UserError: the list cannot be read, or is too large.
    """
    file = judge / FILE
    try:
        text = bounded_text.read(file, LARGEST, errors="surrogateescape")
    except FileNotFoundError:
        return ()
    except OSError as error:
        raise UserError(f"{file}: {error.strerror or error}") from None
    return tuple(filter(None, text.split("\n")))


def separate(
    real: Manifest, held_out: Path | Sequence[str], note: Callable[[str], None]
) -> tuple[Manifest, Manifest | None]:
    """Separate the held-out clips from the other real clips.

    Args:
        real: all real clips.
        held_out: a folder of held-out clips, a list of them, or their paths within `real`.
        note: called with each line for the user.

    Returns:
        The other clips, and the held-out ones; None where there are fewer than 2.

    Raises:
        UserError: the list or folder cannot be used, or every clip is held out.
    """
    known = [*(clip.path for clip in real.clips), *(entry.path for entry in real.rejected)]
    if isinstance(held_out, Path) and held_out.is_file():
        held_out = files_of(held_out, "--held-out", real.root, known)
    if isinstance(held_out, Path):
        separated = scan(held_out)
        inside = {(separated.root / clip.path).resolve() for clip in separated.clips}
        others = [c for c in real.clips if (real.root / c.path).resolve() not in inside]
    else:
        names = set(held_out)
        if missing := sorted(names.difference(known)):
            note(f"{len(missing)} held-out clips are not in {real.root}: {some(missing)}")
        found = tuple(clip for clip in real.clips if clip.path in names)
        separated = replace(real, clips=found, rejected=(), passed_over=())
        others = [clip for clip in real.clips if clip.path not in names]
    if not others:
        raise UserError(f"{real.root}: all of its clips are held out: add real clips that are not")
    enough = len(separated.clips) >= FEWEST
    return replace(real, clips=tuple(others)), separated if enough else None
