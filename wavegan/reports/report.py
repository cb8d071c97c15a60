"""Write one HTML page about runs and folders of clips."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path
from typing import Any

from markupsafe import Markup

from wavegan import atomic
from wavegan.errors import UserError
from wavegan.pages import is_own_page
from wavegan.progress import wording
from wavegan.progress.history import History
from wavegan.progress.verdict import run_verdict
from wavegan.reports import clips, curves, facts, listening, measure, page, tables
from wavegan.targets import check_files

Note = Callable[[str], None]


@dataclass(frozen=True)
class Report:
    """The written page.

    Attributes:
        path: the file.
        size: bytes.
        clips: rows of the Listen section.
        audio_bytes: of the embedded audio.
        left_out: (file, reason) of files that are not in the page.
    """

    path: Path
    size: int
    clips: int
    audio_bytes: int
    left_out: list[tuple[str, str]] = field(default_factory=list)

    def to_dict(self) -> dict[str, object]:
        """The report as a JSON object."""
        return {
            "report": str(self.path),
            "bytes": self.size,
            "clips": self.clips,
            "audio_bytes": self.audio_bytes,
            "left_out": [{"file": file, "reason": reason} for file, reason in self.left_out],
        }


@dataclass(frozen=True)
class Sources:
    """The inputs of a page.

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
        """Names of the runs."""
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

    An earlier report is replaced, with a note, because it can be made again.

    Args:
        paths: runs, folders of clips, or one folder of such folders.
        out: the page; None is `report.html` in the run, or in the current folder if `paths` is
            not a single run.
        evaluations: outputs of `wavegan evaluate --json`, besides the `evaluation*.json` of runs.
        reference: the folder of originals; None is the first of several folders if no run is
            given.
        checkpoints: steps of each run in addition to its best; None is 3, or 1 for several runs.
        count: number of clips.
        seconds: maximum length of each clip.
        metrics: measure previews and folders.
        force: overwrite a file that is not a report, too.
        note: called with each note: files left out, an earlier page replaced.
        progress: called with the current activity.

    Raises:
        UserError: a path is neither a run nor a folder of audio, an evaluation is unreadable, or
            the page cannot be written to its place.
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
    """Check that the page may be written."""
    if target.is_dir():
        raise UserError(
            f"{target}: this is a folder; give --out a file, such as {target / 'report.html'}"
        )
    if not target.parent.is_dir():
        raise UserError(f"{target}: the folder {target.parent} does not exist; create it first")
    if target.suffix.lower() not in (".html", ".htm", ""):
        raise UserError(f"--out {target}: the page is HTML; use a name that ends in .html")
    earlier = is_own_page(target, page.MARK)
    check_files([target], inputs=inputs, force=force or earlier)
    if earlier:
        note(f"{target}: an earlier report is replaced")


def find(paths: Sequence[Path], reference: Path | None) -> Sources:
    """Sort paths into runs and folders of clips, and find the folder of originals.

    Raises:
        UserError: a path is neither; the message says what was looked for.
    """
    runs: dict[str, History] = {}
    folders: list[Path] = []
    for path in paths:
        if not path.is_dir():
            problem = "not a folder; give its folder" if path.exists() else "it does not exist"
            raise UserError(f"{path}: {problem}")
        if (path / "recipe.yaml").is_file():
            runs[_name(path, [p for p in paths if p != path])] = History.read(path)
        elif clips.has_clips(path):
            folders.append(path)
        else:
            raise UserError(
                f"{path}: nothing to report: it has no recipe.yaml (so it is not a run) and no "
                "audio files (WAV, FLAC, OGG, MP3, …)"
            )
    if len(paths) == 1 and folders:
        folders = clips.systems(folders[0]) or folders
        reference = reference or clips.original_among(folders)
    if reference is None and not runs and len(folders) > 1 and len(paths) > 1:
        reference = folders[0]
    if reference is not None and not (reference.is_dir() and clips.has_clips(reference)):
        raise UserError(f"--reference {reference}: not a folder with audio files")
    same = None if reference is None else reference.resolve()
    made = [folder for folder in folders if folder.resolve() != same]
    return Sources(runs, {_name(f, [p for p in made if p != f]): f for f in made}, reference)


def _name(path: Path, others: Sequence[Path]) -> str:
    """The folder's name, or its path if another folder has the same name."""
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
        folders = clips.of_folders(sources.folders, sources.reference)
        gallery = clips.joined(gallery, folders) if sources.runs else folders
    return gallery


def _measured(
    sources: Sources,
    gallery: clips.Gallery,
    evaluations: Sequence[Path],
    metrics: bool,
    note: Note,
    progress: Note,
) -> list[tuple[str, dict[str, Any]]]:
    """Evaluations by title: those given, those found in runs, and our own measurement."""
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
        found.append(("Preview clips against their originals", own))
    elif sources.reference and sources.folders:
        own = measure.folders(sources.reference, sources.folders, note, progress)
        found += [] if own is None else [(f"Against {sources.reference.name}", own)]
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
        ("how", "Verdict"): [_verdicts(sources)] if histories else [],
        ("listen", "Listen"): [shown.html],
        ("metrics", "Metrics"): [*figures, *([validations] if validations else [])],
        ("curves", "Curves"): [curves.section(histories, names)] if histories else [],
        ("what", "Recipe and data"): ([facts.section(histories, names)] if histories else []),
        ("machine", "Machine and versions"): [facts.machines(histories, names)],
    }
    return [page.Section(*heads, content) for heads, content in parts.items() if content]


def _verdicts(sources: Sources) -> Markup:
    """One paragraph for each run, and its alarms."""
    runs = [
        {
            "name": name,
            "verdict": run_verdict(history).text,
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
    parts = [steps, f"written {when} by {facts.made_by()}"]
    return " · ".join(text for text in parts if text)
