"""`wavegan report`: one HTML page about runs or folders of clips, with audio."""

import json
from pathlib import Path
from typing import Annotated

import typer

from wavegan.cli import _completion
from wavegan.cli._options import Force
from wavegan.errors import UserError


def report_command(
    paths: Annotated[
        list[Path],
        typer.Argument(
            metavar="RUN/DIR...",
            autocompletion=_completion.runs,
            help="Runs to compare; or folders of clips with the same names, the originals first.",
        ),
    ],
    out: Annotated[
        Path | None,
        typer.Option(
            "--out", "-o", help="The page; default: report.html, in the run if there is one."
        ),
    ] = None,
    evaluation: Annotated[
        list[Path] | None,
        typer.Option(
            "--evaluation",
            help="Output of evaluate --json; a run's evaluation*.json are found automatically.",
        ),
    ] = None,
    reference: Annotated[
        Path | None,
        typer.Option(
            "--reference", help="Folder of originals; default: the first of several DIRs."
        ),
    ] = None,
    checkpoints: Annotated[
        int | None,
        typer.Option(
            "--checkpoints",
            min=1,
            help="Steps with audio, besides the best; default: 3, or 1 each.",
        ),
    ] = None,
    clips: Annotated[int, typer.Option("--clips", min=1, help="Clips with audio.")] = 6,
    seconds: Annotated[float, typer.Option("--seconds", help="Longer clips are cut.")] = 10.0,
    no_metrics: Annotated[
        bool, typer.Option("--no-metrics", help="Measure nothing; show only existing results.")
    ] = False,
    force: Force = False,
    show: Annotated[bool, typer.Option("--open", help="Open it in the browser.")] = False,
    as_json: Annotated[bool, typer.Option("--json", help="One JSON object on stdout.")] = False,
    quiet: Annotated[bool, typer.Option("--quiet", "-q", help="Only errors.")] = False,
) -> None:
    """Write one HTML page that opens offline: curves, clips, spectrograms, metrics, alarms.

    [bold]wavegan report runs/my-voice[/bold]

    [bold]wavegan report runs/a runs/b --out compared.html[/bold]

    [bold]wavegan report recordings/ vocoded-a/ vocoded-b/ --clips 10[/bold]

    Everything is in this one file, including audio: you can send it, or open it on a phone.
    """
    if not 0 < seconds < float("inf"):
        raise UserError(f"--seconds {seconds:g}: give a number above 0")
    from wavegan.audio.opening import shown
    from wavegan.cli.console import Activity
    from wavegan.reports.report import write

    activity = Activity(silent=quiet)
    with activity.live():
        written = write(
            paths,
            out,
            evaluations=evaluation or (),
            reference=reference,
            checkpoints=checkpoints,
            count=clips,
            seconds=seconds,
            metrics=not no_metrics,
            force=force,
            note=activity.note,
            progress=activity.show,
        )
    if as_json:
        typer.echo(json.dumps(written.to_dict()))
    elif not quiet:
        size = f"{max(written.size / 1e6, 0.1):.1f} MB"
        typer.echo(f"{shown(written.path)}: {size}, clips to listen to: {written.clips}")
    if show:
        typer.launch(str(written.path.resolve()))
