"""A page about runs and folders of clips: gathers what there is and writes one HTML file."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path
from typing import Any

from markupsafe import Markup

from wavegan import atomic
from wavegan.errors import UserError
from wavegan.pages import made_here
from wavegan.progress import wording
from wavegan.progress.history import History
from wavegan.progress.verdict import judge
from wavegan.reports import clips, curves, facts, listening, measure, page, tables
from wavegan.targets import check_files

Note = Callable[[str], None]


@dataclass(frozen=True)
class Report:
    """What was written.

    Attributes:
        path: the page.
        size: bytes.
        clips: rows of the listening table.
        audio_bytes: of the audio in it.
        left_out: (file, reason) of what is not in it.
    """

    path: Path
    size: int
    clips: int
    audio_bytes: int
    left_out: list[tuple[str, str]] = field(default_factory=list)

    def to_dict(self) -> dict[str, object]:
        """As JSON takes it."""
        return {
            "report": str(self.path),
            "bytes": self.size,
            "clips": self.clips,
            "audio_bytes": self.audio_bytes,
            "left_out": [{"file": file, "reason": reason} for file, reason in self.left_out],
        }


@dataclass(frozen=True)
class Sources:
    """What the page is about.

    Attributes:
        runs: histories by name.
        folders: of clips, by name.
        reference: the folder of originals, or None.
    """

    runs: dict[str, History]
    folders: dict[str, Path]
    reference: Path | None

    @property
    def names(self) -> list[str]:
        """Of the runs."""
        return list(self.runs)


def write(
    paths: Sequence[Path],
    out: Path | None = None,
    *,
    evaluations: Sequence[Path] = (),
    reference: Path | None = None,
    checkpoints: int | None = None,
    count: int = 6,
    seconds: float = 10.0,
    metrics: bool = True,
    force: bool = False,
    note: Note = lambda _: None,
    progress: Note = lambda _: None,
) -> Report:
    """Write the page, whole or not at all.

    An earlier page of ours is replaced: it can be made again. That is told.

    Args:
        paths: runs, folders of clips, or one folder of such folders.
        out: the page; None is `report.html` in the run, or in the current folder where `paths` is
            not one run.
        evaluations: what `wavegan evaluate --json` wrote, beside the `evaluation*.json` of runs.
        reference: the folder of originals; None is the first of several folders, where no run is
            given.
        checkpoints: steps of each run to listen to beside its best; None is 3, or 1 of several.
        count: clips to listen to.
        seconds: of each clip, at most.
        metrics: measure previews and folders.
        force: overwrite a file that is not ours, too.
        note: is told of what is left out, and that an earlier page is replaced.
        progress: is told what is being done.

    Raises:
        UserError: a path that is neither a run nor a folder of audio, or an unreadable evaluation;
            the page has no place, or its place is taken.
    """
    sources = find(paths, reference)
    for history in sources.runs.values():
        for text in history.notes:
            note(text)
    target = out or _default(sources)
    _check(target, evaluations, force, note)
    gallery = _gallery(sources, checkpoints)
    measured = _measured(sources, gallery, evaluations, metrics, note, progress)
    shown = listening.section(gallery, count, seconds, lambda name: progress(f"drawing {name}"))
    for file, reason in shown.left_out:
        note(f"left out: {file}: {reason}")
    text = page.html(_title(sources), _subtitle(sources), _sections(sources, shown, measured))
    atomic.text(target, text)
    return Report(target, len(text.encode()), shown.clips, shown.audio_bytes, shown.left_out)


def _check(target: Path, inputs: Sequence[Path], force: bool, note: Note) -> None:
    """See that the page may be written."""
    if target.is_dir():
        raise UserError(f"{target}: a folder: --out names the page, say {target / 'report.html'}")
    if not target.parent.is_dir():
        raise UserError(f"{target}: there is no folder {target.parent}: make it first")
    if target.suffix.lower() not in (".html", ".htm", ""):
        raise UserError(f"--out {target}: the page is HTML: end it in .html")
    earlier = made_here(target, page.MARK)
    check_files([target], inputs=inputs, force=force or earlier)
    if earlier:
        note(f"{target}: the earlier report is replaced")


def find(paths: Sequence[Path], reference: Path | None) -> Sources:
    """Tell runs from folders of clips, and which of these holds the originals.

    Raises:
        UserError: one of them is neither; it says what was looked for.
    """
    runs: dict[str, History] = {}
    folders: list[Path] = []
    for path in paths:
        if not path.is_dir():
            problem = "give its folder" if path.exists() else "it does not exist: check the path"
            raise UserError(f"{path}: {problem}")
        if (path / "recipe.yaml").is_file():
            runs[_name(path, [p for p in paths if p != path])] = History.read(path)
        elif clips.has_clips(path):
            folders.append(path)
        else:
            raise UserError(
                f"{path}: nothing to report: neither a run (no recipe.yaml) nor audio files "
                "(WAV, FLAC, OGG, MP3, …) in it"
            )
    if len(paths) == 1 and folders:
        folders = clips.systems(folders[0]) or folders
        reference = reference or clips.original_among(folders)
    if reference is None and not runs and len(folders) > 1 and len(paths) > 1:
        reference = folders[0]
    if reference is not None and not (reference.is_dir() and clips.has_clips(reference)):
        raise UserError(f"--reference {reference}: no folder with audio files in it")
    same = None if reference is None else reference.resolve()
    made = [folder for folder in folders if folder.resolve() != same]
    return Sources(runs, {_name(f, [p for p in made if p != f]): f for f in made}, reference)


def _name(path: Path, others: Sequence[Path]) -> str:
    """The folder's name, or its path where another has the same name."""
    name = path.resolve().name
    return str(path) if any(other.resolve().name == name for other in others) else name


def _default(sources: Sources) -> Path:
    if len(sources.runs) == 1 and not sources.folders:
        return next(iter(sources.runs.values())).run / "report.html"
    return Path("report.html")


def _gallery(sources: Sources, checkpoints: int | None) -> clips.Gallery:
    gallery = clips.Gallery()
    if sources.runs:
        steps = checkpoints or (3 if len(sources.runs) == 1 else 1)
        gallery = clips.of_runs({name: h.run for name, h in sources.runs.items()}, steps)
    if sources.folders or sources.reference:
        beside = clips.of_folders(sources.folders, sources.reference)
        gallery = clips.joined(gallery, beside) if sources.runs else beside
    return gallery


def _measured(
    sources: Sources,
    gallery: clips.Gallery,
    evaluations: Sequence[Path],
    metrics: bool,
    note: Note,
    progress: Note,
) -> list[tuple[str, dict[str, Any]]]:
    """Evaluations by title: those that were given or lie in runs, and our own."""
    found = [(file.name, measure.read(file)) for file in evaluations]
    known = {file.resolve() for file in evaluations}
    for name, history in sources.runs.items():
        for file in sorted(history.run.glob("evaluation*.json")):
            if file.resolve() in known:
                continue
            try:
                found.append((f"{name}: {file.name}", measure.read(file)))
            except UserError as error:
                note(f"left out: {error}")
    if not metrics:
        return found
    if sources.runs and (own := measure.previews(gallery, note)):
        found.append(("Clips of the previews beside their originals", own))
    elif sources.reference and sources.folders:
        told = measure.folders(sources.reference, sources.folders, note, progress)
        found += [] if told is None else [(f"Against {sources.reference.name}", told)]
    return found


def _sections(
    sources: Sources,
    shown: listening.Shown,
    measured: Sequence[tuple[str, dict[str, Any]]],
) -> list[page.Section]:
    histories, names = list(sources.runs.values()), sources.names
    figures = [tables.evaluation(content, title) for title, content in measured]
    validations = tables.validations(histories, names)
    parts = {
        ("how", "How it stands"): [_verdicts(sources)] if histories else [],
        ("listen", "Listen"): [shown.html],
        ("metrics", "Metrics"): [*figures, *([validations] if validations else [])],
        ("curves", "Curves"): [curves.section(histories, names)] if histories else [],
        ("what", "What was trained on what"): (
            [facts.section(histories, names)] if histories else []
        ),
        ("machine", "Machine and versions"): [facts.machines(histories, names)],
    }
    return [page.Section(*heads, content) for heads, content in parts.items() if content]


def _verdicts(sources: Sources) -> Markup:
    """One paragraph a run, and its alarms."""
    runs = [
        {
            "name": name,
            "verdict": judge(history).text,
            "alarms": [(f"{alarm.step:,}", wording.line(alarm)) for alarm in history.alarms],
        }
        for name, history in sources.runs.items()
    ]
    return page.fill("verdicts.html", runs=runs)


def _title(sources: Sources) -> str:
    names = [*sources.runs, *sources.folders] or [
        sources.reference.name if sources.reference else ""
    ]
    return (
        names[0] if len(names) == 1 else f"{', '.join(names[:4])}{' …' if len(names) > 4 else ''}"
    )


def _subtitle(sources: Sources) -> str:
    when = datetime.now().astimezone().strftime("%Y-%m-%d %H:%M")
    steps = ", ".join(f"step {history.step:,}" for history in sources.runs.values())
    told = [steps, f"written {when} by {facts.made_by()}"]
    return " · ".join(text for text in told if text)
