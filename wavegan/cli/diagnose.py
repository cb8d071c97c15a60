"""`wavegan diagnose`: what is wrong with audio, where, and what probably caused it."""

import json
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from wavegan.counted import counted

if TYPE_CHECKING:
    from wavegan.artifacts.base import Finding
    from wavegan.diagnosis.report import FileReport, FolderReport


def diagnose_command(
    path: Annotated[
        Path, typer.Argument(metavar="FILE|DIR", help="An audio file, or a folder of them.")
    ],
    model: Annotated[
        Path | None,
        typer.Option("--model", "-m", help="The model that made them, to name causes in it."),
    ] = None,
    reference: Annotated[
        Path | None,
        typer.Option(
            "--reference", "-r", help="The original, or a folder of originals with the same names."
        ),
    ] = None,
    kind: Annotated[
        str | None,
        typer.Option(
            "--kind",
            metavar="KIND",
            help="vocoded or sound (generated from a latent): which causes to consider. Default: "
            "from a file's metadata, else vocoded.",
        ),
    ] = None,
    exit_zero: Annotated[
        bool, typer.Option("--exit-zero", help="Exit with 0 even if something is found.")
    ] = False,
    as_json: Annotated[bool, typer.Option("--json", help="One JSON object on stdout.")] = False,
    quiet: Annotated[
        bool, typer.Option("--quiet", "-q", help="Only errors; see the exit code.")
    ] = False,
) -> None:
    """Find artifacts (lines, clicks, clipping, buzz, missing bands) and their probable causes.

    [bold]wavegan diagnose out.wav[/bold]

    [bold]wavegan diagnose made/ --model runs/my-voice --reference clips/[/bold]

    With originals it reports only differences from them, and different levels.
    Findings marked (minor) also occur in many good clips, or are too faint to hear.

    Exit code: 0 no findings or only minor ones, 1 findings (see --exit-zero),
    2 no usable audio.
    """
    from wavegan.cli.console import Stages
    from wavegan.diagnosis.diagnose import diagnose
    from wavegan.diagnosis.sound_causes import kind_of

    stages = Stages(as_json or quiet or not path.is_dir())
    with stages.live():
        found = diagnose(
            path,
            model=model,
            reference=reference,
            kind=None if kind is None else kind_of(kind),
            progress=stages.of("diagnosing"),
        )
    if not quiet:
        for reason in found.left_out.values():
            typer.echo(f"left out: {reason}", err=True)
    if as_json:
        typer.echo(json.dumps({"path": str(path), **found.to_dict()}))
    elif not quiet:
        for line in _of_folder(found) if path.is_dir() else _of_file(found.files[0]):
            typer.echo(line)
    if found.faulty and not exit_zero:
        raise typer.Exit(1)


def _of_file(file: "FileReport") -> Iterator[str]:
    """Lines about one file."""
    channels = {1: "mono", 2: "stereo"}.get(file.channels, f"{file.channels} channels")
    count = len(file.findings)
    result = "nothing found" if not count else f"{count} finding{'s' if count > 1 else ''}"
    yield f"{file.name}: {result} ({file.seconds:.2f} s, {file.sample_rate} Hz, {channels})"
    if file.origin is not None:
        yield f"  made by {file.origin}"
    for note in file.notes:
        yield f"  note: {note}"
    for finding in file.findings:
        yield f"  {_when(finding)}  {_text(finding)}"
        yield f"      cause: {finding.cause}"


def _of_folder(found: "FolderReport") -> Iterator[str]:
    """A line for each file with findings, then what the files have in common."""
    bad = [file for file in found.files if file.findings]
    yield from _origins(found)
    for file in found.files:
        for note in file.notes:
            yield f"{file.name}: note: {note}"
    for file in bad:
        yield f"{file.name}: {'; '.join(map(_text, file.findings))}"
    count = len(found.files)
    if bad:
        verb = "has" if len(bad) == 1 else "have"
        yield f"{len(bad)} of {counted(count, 'file')} {verb} findings"
    else:
        yield f"nothing found in {counted(count, 'file')}"
    for kind in found.kinds():
        minor = " (minor)" if kind.finding.minor else ""
        of = " (sounds)" if kind.kind == "sound" and _mixed(found) else ""
        yield f"  {kind.title}{of} in {len(kind.files)} of {counted(count, 'file')}{minor}"
        yield f"      cause: {kind.finding.cause}"


def _origins(found: "FolderReport") -> Iterator[str]:
    """How many files were made by a wavegan command, and with which model."""
    made = Counter(
        (file.origin.command, file.origin.facts.get("model"))
        for file in found.files
        if file.origin is not None
    )
    for (command, model), number in made.items():
        of = f", model {model}" if model else ""
        verb = "was" if number == 1 else "were"
        all_ = counted(len(found.files), "file")
        yield f"{number} of {all_} {verb} made by wavegan {command}{of}"


def _mixed(found: "FolderReport") -> bool:
    return len({file.kind for file in found.files}) > 1


def _text(finding: "Finding") -> str:
    return f"{finding.text} (minor)" if finding.minor else finding.text


def _when(finding: "Finding") -> str:
    if finding.end - finding.start < 0.01:
        return f"{finding.start:.3f} s"
    return f"{finding.start:.2f}-{finding.end:.2f} s"
