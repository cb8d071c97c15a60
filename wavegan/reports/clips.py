"""Find the clips of a page: a row per clip, a column per checkpoint or system."""

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
LENGTH_TOLERANCE = 0.025
"""Two originals with one name are different clips if their lengths differ by more seconds."""
REAL = ("ground-truth", "ground_truth", "groundtruth", "gt", "original", "originals", "real",
        "reference", "references", "natural", "recordings")  # fmt: skip


@dataclass(frozen=True)
class Column:
    """Clips of one checkpoint or system, by name.

    Attributes:
        name: heading.
        files: clip to file.
        about: a word next to the heading, such as "best".
        folder: source folder, for messages.
        step: step of the checkpoint, if it is one.
    """

    name: str
    files: Mapping[str, Path]
    about: str = ""
    folder: Path = Path()
    step: int | None = None


@dataclass(frozen=True)
class Gallery:
    """All clips of a page.

    Attributes:
        names: of clips, in the order of their rows.
        originals: clip to file, for clips that have one.
        columns: generated clips.
        original_name: heading of the originals.
        sheets: contact sheets (name, PNG).
        left_out: (file, reason).
    """

    names: tuple[str, ...] = ()
    originals: Mapping[str, Path] = field(default_factory=dict)
    columns: tuple[Column, ...] = ()
    original_name: str = "original"
    sheets: tuple[tuple[str, Path], ...] = ()
    left_out: tuple[tuple[str, str], ...] = ()


def of_runs(runs: Mapping[str, Path], checkpoints: int) -> Gallery:
    """The previews of runs: the last few steps of each, and its best.

    Args:
        runs: name to folder.
        checkpoints: number of steps for each run, in addition to its best.
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
        reference: the folder of originals, or None.

    Raises:
        UserError: a folder has no audio, or no clip that is in the reference.
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
    """Two galleries side by side; rows with the same name are merged."""
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
    """The folders of systems in a folder; empty if it is itself a folder of clips.

    Subfolders are systems if the folder itself has no audio, and two or more of them share a
    clip name.
    """
    if _has_audio(folder):
        return []
    inside = sorted(p for p in folder.iterdir() if p.is_dir() and not p.name.startswith("."))
    known = {p: {file.stem for file in p.iterdir() if _is_audio(file)} for p in inside}
    held = [path for path, names in known.items() if names]
    shared = set.intersection(*(known[path] for path in held)) if len(held) > 1 else set()
    return held if shared else []


def original_among(folders: Sequence[Path]) -> Path | None:
    """The folder whose name means originals, or None if there is not exactly one."""
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
    """Steps with previews: the last `count`, and the best if it is not among them."""
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
    """Generated clips and originals, by clip name."""
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
    """Whether two originals with one name are different clips, that is, differ in length."""
    try:
        first, second = io.probe(one), io.probe(other)
    except UserError:
        return False
    return (
        abs(first.frames / first.sample_rate - second.frames / second.sample_rate)
        > LENGTH_TOLERANCE
    )


def _has_audio(folder: Path) -> bool:
    return any(_is_audio(file) for file in folder.iterdir())


def _is_audio(file: Path) -> bool:
    return file.suffix.lower() in READABLE and not file.name.startswith(".") and file.is_file()
