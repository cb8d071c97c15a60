"""`wavegan doctor run`: check that a run's files are intact."""

import json
from pathlib import Path
from typing import Annotated

import typer

from wavegan.cli import _completion


def run_command(
    run: Annotated[
        Path,
        typer.Argument(metavar="RUN", help="Folder of a run.", autocompletion=_completion.runs),
    ],
    as_json: Annotated[bool, typer.Option("--json", help="One JSON object on stdout.")] = False,
) -> None:
    """Check every file of a run: checkpoints, recipe, metrics, data split, marks.

    [bold]wavegan doctor run runs/my-voice[/bold]

    [bold]wavegan doctor run runs/my-voice --json[/bold]

    It reads every byte and writes nothing. Exit code 1 if a file is damaged.
    docs/runs.md explains what training does about a damaged file.
    """
    from wavegan.training.findings import examine

    found = list(examine(run))
    damaged = [one for one in found if one.state == "damaged"]
    if as_json:
        facts = {"run": str(run), "whole": not damaged}
        typer.echo(json.dumps(facts | {"files": [one.to_dict() for one in found]}))
    else:
        for one in found:
            typer.echo(f"{one.state:8}{one.name}: {one.text}")
        typer.echo(f"{len(damaged)} damaged" if damaged else "nothing is damaged")
    raise typer.Exit(1 if damaged else 0)
