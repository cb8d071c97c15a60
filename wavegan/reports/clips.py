"""Which clips are listened to: a row a clip, a column a checkpoint or a system."""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from wavegan import bundle
from wavegan.audio import io
from wavegan.data.audio_listing import listing
from wavegan.data.scan import READABLE
from wavegan.errors import UserError
from wavegan.evaluation import pairing

GENERATED, ORIGINAL = "_generated", "_original"
APART = 0.025
"""Seconds by which two originals of one name differ when they are different clips."""
REAL = ("ground-truth", "ground_truth", "groundtruth", "gt", "original", "originals", "real",
        "reference", "references", "natural", "recordings")  # fmt: skip


@dataclass(frozen=True)
class Column:
    """Clips of one checkpoint or system, by name.

    Attributes:
        name: heading.
        files: clip to file.
        about: a word beside the heading, such as "best".
        folder: where they come from, for messages.
        step: of a checkpoint.
    """

    name: str
    files: Mapping[str, Path]
    about: str = ""
    folder: Path = Path()
    step: int | None = None


@dataclass(frozen=True)
class Gallery:
    """What there is to listen to.

    Attributes:
        names: of clips, in the order of their rows.
        originals: clip to file, of those that have one.
        columns: what was made.
        original_name: heading of the originals.
        sheets: contact sheets (name, PNG).
        left_out: file, reason.
    """

    names: tuple[str, ...] = ()
    originals: Mapping[str, Path] = field(default_factory=dict)
    columns: tuple[Column, ...] = ()
    original_name: str = "original"
    sheets: tuple[tuple[str, Path], ...] = ()
    left_out: tuple[tuple[str, str], ...] = ()


def of_runs(runs: Mapping[str, Path], checkpoints: int) -> Gallery:
    """The previews of runs: of each the last few steps, and its best.

    Args:
        runs: name to folder.
        checkpoints: how many steps a run, beside its best.
    """
    originals: dict[str, Path] = {}
    columns: list[Column] = []
    sheets: list[tuple[str, Path]] = []
    for name, run in runs.items():
        steps = _chosen(run, checkpoints)
        found = [(step, *_previews(folder)) for step, folder in steps]
        own = {clip: file for _, _, real in found for clip, file in real.items()}
        clash = any(_differ(originals[clip], own[clip]) for clip in own.keys() & originals.keys())
        label = f"{name}: " if clash else ""
        originals = {f"{label}{clip}": file for clip, file in own.items()} | originals
        best = bundle.best_step(run)
        for step, made, _ in found:
            heading = f"step {step:,}" if len(runs) == 1 else f"{name}, step {step:,}"
            files = {f"{label}{clip}": file for clip, file in made.items()}
            about = "best" if step == best else ""
            columns.append(Column(heading, files, about, run, step))
        if steps and (sheet := steps[-1][1] / "sheet.png").is_file():
            sheets.append((f"{name}, step {steps[-1][0]:,}", sheet))
    names = _rows([originals, *(column.files for column in columns)])
    return Gallery(names, originals, tuple(columns), sheets=tuple(sheets))


def of_folders(folders: Mapping[str, Path], reference: Path | None) -> Gallery:
    """Folders of clips, one system each; they pair with the reference by name.

    Args:
        folders: name to folder.
        reference: the originals' folder, or None where there are none.

    Raises:
        UserError: a folder without audio, or no clip of it is in the reference.
    """
    if reference is None:
        columns, left_out = [], []
        for name, folder in folders.items():
            found = listing(folder)
            columns.append(Column(name, found.files, folder=folder))
            left_out += [(f"{name}/{file}", reason) for file, reason in found.reasons.items()]
        names = _rows([column.files for column in columns])
        return Gallery(names, {}, tuple(columns), left_out=tuple(left_out))
    originals: dict[str, Path] = {}
    columns, left_out = [], []
    for name, folder in folders.items():
        paired = pairing.pair(reference, folder, name)
        originals |= {pair.name: pair.reference for pair in paired.pairs}
        files = {pair.name: pair.estimate for pair in paired.pairs}
        columns.append(Column(name, files, folder=folder))
        left_out += [(f"{name}/{one.file}", one.reason) for one in paired.left_out]
    if not folders:
        originals = dict(listing(reference).files)
    return Gallery(
        _rows([originals]), originals, tuple(columns), reference.name, left_out=tuple(left_out)
    )


def joined(first: Gallery, second: Gallery) -> Gallery:
    """Both side by side: rows of one name become one."""
    originals = {**second.originals, **first.originals}
    columns = (*first.columns, *second.columns)
    return Gallery(
        _rows([originals, *(column.files for column in columns)]),
        originals,
        columns,
        first.original_name if first.originals else second.original_name,
        first.sheets + second.sheets,
        first.left_out + second.left_out,
    )


def systems(folder: Path) -> list[Path]:
    """The folders of systems that a folder holds, or none where it is itself one of clips.

    It holds systems when there is no audio beside them, and there are two or more with a clip of
    one name.
    """
    if _has_audio(folder):
        return []
    inside = sorted(p for p in folder.iterdir() if p.is_dir() and not p.name.startswith("."))
    known = {p: {file.stem for file in p.iterdir() if _is_audio(file)} for p in inside}
    held = [path for path, names in known.items() if names]
    shared = set.intersection(*(known[path] for path in held)) if len(held) > 1 else set()
    return held if shared else []


def original_among(folders: Sequence[Path]) -> Path | None:
    """The folder whose name says that it holds originals, where one does."""
    found = [folder for folder in folders if folder.name.lower() in REAL]
    return found[0] if len(found) == 1 else None


def has_clips(folder: Path) -> bool:
    """Whether there is audio anywhere below a folder."""
    return any(_is_audio(file) for file in folder.rglob("*"))


def natural(name: str) -> list[tuple[int, int, str]]:
    """A key that sorts 2 before 10."""
    parts = re.findall(r"(\d+)|(\D+)", name)
    return [(0, int(digits), "") if digits else (1, 0, text) for digits, text in parts]


def _rows(groups: Sequence[Mapping[str, Path]]) -> tuple[str, ...]:
    return tuple(sorted({name for group in groups for name in group}, key=natural))


def _chosen(run: Path, count: int) -> list[tuple[int, Path]]:
    """Steps with previews: the last `count`, and the best where it is not among them."""
    folder = run / "samples"
    entries = folder.iterdir() if folder.is_dir() else ()
    known = {int(p.name): p for p in entries if p.name.isdigit() and _has_audio(p)}
    best = bundle.best_step(run)
    last = sorted(known)[-count:]
    if best in known and best not in last:
        last = [best, *last]
    elif count == 1 and best in known:
        last = [best]
    return [(step, known[step]) for step in last if step is not None]


def _previews(folder: Path) -> tuple[dict[str, Path], dict[str, Path]]:
    """What was made, and the originals, by the clip's name."""
    made: dict[str, Path] = {}
    real: dict[str, Path] = {}
    for file in sorted(folder.iterdir()):
        if not _is_audio(file):
            continue
        if file.stem.endswith(ORIGINAL):
            real[file.stem.removesuffix(ORIGINAL)] = file
        else:
            made[file.stem.removesuffix(GENERATED)] = file
    return made, real


def _differ(one: Path, other: Path) -> bool:
    """Whether two originals of one name are different clips, by their lengths."""
    try:
        first, second = io.probe(one), io.probe(other)
    except UserError:
        return False
    return abs(first.frames / first.sample_rate - second.frames / second.sample_rate) > APART


def _has_audio(folder: Path) -> bool:
    return any(_is_audio(file) for file in folder.iterdir())


def _is_audio(file: Path) -> bool:
    return file.suffix.lower() in READABLE and not file.name.startswith(".") and file.is_file()
