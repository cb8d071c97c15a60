"""Which clips train and which validate: always whole files, always the same ones."""

import hashlib
import posixpath
import unicodedata
from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path, PurePosixPath

from wavegan.data.manifest import Clip, Manifest, printable
from wavegan.errors import UserError

SHOWN = 5


@dataclass(frozen=True, slots=True)
class Split:
    """Two disjoint, non-empty sets of clips, each in the manifest's order."""

    train: tuple[Clip, ...]
    validation: tuple[Clip, ...]


def split(manifest: Manifest, *, validation: float | Path, train: Path | None = None) -> Split:
    """Divide the clips of a manifest by file.

    Args:
        manifest: what the folder holds.
        validation: a number of files; a fraction in (0, 1), where each file is drawn by the hash
            of its relative path, so that adding files never moves another across (one at
            least); or a list.
        train: a list of the files that train. Without it all files that do not validate train;
            with it and a number, validation files are drawn from those the list leaves out.

    A list is a text file with a relative path (with or without extension), a file name or a stem
    per line. What follows the first "|" is ignored, so LJSpeech's `id|text` lists work. Files
    that the scan rejected may be listed; they are left out.

    Raises:
        UserError: a list names files that are not there, names one file for both sets, or one
            of the sets would be empty.
    """
    listed = None if train is None else _read_list(train, manifest, "train")
    if isinstance(validation, (str, Path)):
        chosen = _read_list(Path(validation), manifest, "validation")
    else:
        chosen = _draw(manifest, validation, excluded=listed or frozenset())
    kept = {clip.path for clip in manifest.clips} - chosen if listed is None else listed
    if both := sorted(kept & chosen):
        raise UserError(f"train and validation lists share {_some(both)}: keep each in one list")
    result = Split(
        tuple(clip for clip in manifest.clips if clip.path in kept),
        tuple(clip for clip in manifest.clips if clip.path in chosen),
    )
    _check_not_empty(result, manifest, validation, train)
    return result


def _draw(manifest: Manifest, wanted: float, excluded: Iterable[str]) -> frozenset[str]:
    """Choose validation files by the hash of their path; see `split` for `wanted`."""
    if isinstance(wanted, bool) or not (wanted > 0 and (isinstance(wanted, int) or wanted < 1)):
        raise UserError(
            f"validation is {wanted}: give a whole number of files (1 or more), "
            "a fraction between 0 and 1, or a list file"
        )
    free = {clip.path for clip in manifest.clips}.difference(excluded)
    placed = sorted((_place(path), path) for path in free)
    if isinstance(wanted, int):
        return frozenset(path for _, path in placed[:wanted])
    drawn = frozenset(path for place, path in placed if place < wanted)
    # a small folder shall not fail on a share meant for large ones: one file it is then
    return drawn or frozenset(path for _, path in placed[:1])


def _place(path: str) -> float:
    """Map a relative path to [0, 1), evenly and for ever."""
    # macOS hands back decomposed names: the same file must not cross when a folder is copied
    name = unicodedata.normalize("NFC", path).encode("utf-8", "surrogatepass")
    return int.from_bytes(hashlib.sha256(name).digest()[:6], "big") / 2**48


def _read_list(file: Path, manifest: Manifest, field: str) -> frozenset[str]:
    """Return the paths of the clips that a list names."""
    try:
        text = file.read_bytes().decode("utf-8", "surrogateescape").removeprefix("\ufeff")
    except OSError as error:
        raise UserError(f"{field} list {file}: cannot be read ({error.strerror})") from None
    names = _Names([clip.path for clip in manifest.clips], [r.path for r in manifest.rejected])
    found: set[str] = set()
    unknown: list[str] = []
    for line in filter(str.strip, text.split("\n")):
        matches = names.find(line.removesuffix("\r"))
        if len(matches) > 1:
            raise UserError(
                f"{field} list {file}: {printable(line.strip())!r} may be {_some(matches)}: "
                "write the path relative to the data folder"
            )
        if not matches:
            unknown.append(line.partition("|")[0].strip())
        found.update(matches)
    if unknown:
        raise UserError(
            f"{field} list {file} names {_some(unknown)}, not found under {manifest.root}: "
            "correct or remove these lines"
        )
    return frozenset(found & names.usable)


class _Names:
    """The ways a list may name a file, most exact first."""

    def __init__(self, usable: Sequence[str], rejected: Sequence[str]) -> None:
        self.usable = frozenset(usable)
        keys: tuple[dict[str, list[str]], ...] = tuple(defaultdict(list) for _ in range(4))
        for path in (*usable, *rejected):
            pure = PurePosixPath(path)
            for key, name in zip(
                keys, (path, path.removesuffix(pure.suffix), pure.name, pure.stem), strict=True
            ):
                key[name].append(path)
        self._keys = keys

    def find(self, line: str) -> list[str]:
        """Return the paths a line may mean: none, one, or several if it is ambiguous."""
        # the whole line first: a file name may itself hold "|" or begin with a space
        for text in (line, line.strip(), line.partition("|")[0].strip()):
            for name in (text, posixpath.normpath(text.replace("\\", "/"))):
                for key in self._keys:
                    if name in key:
                        return key[name]
        return []


def _check_not_empty(
    result: Split, manifest: Manifest, validation: float | Path, train: Path | None
) -> None:
    of = f"the {len(manifest.clips)} usable files under {manifest.root}"
    if not result.validation:
        left = "" if train is None else f" that the train list {train} leaves out"
        raise UserError(
            f"validation: {validation} selects none of {of}{left}: "
            "give a number of files, a larger fraction, or a list of files that are there"
        )
    if not result.train:
        asked = f"train list {train} selects" if train else f"validation: {validation} leaves"
        raise UserError(f"{asked} none of {of} for training: add files or validate with fewer")


def _some(names: Sequence[str]) -> str:
    """Quote the first few names and count the rest."""
    text = ", ".join(printable(name) for name in names[:SHOWN])
    return text if len(names) <= SHOWN else f"{text} and {len(names) - SHOWN} more"
