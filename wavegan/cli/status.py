"""`wavegan status`: progress and quality of runs, and what to do."""

import json
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from wavegan.cli import _completion
from wavegan.counted import counted
from wavegan.errors import UserError

if TYPE_CHECKING:
    from wavegan.progress.run_status import RunStatus
    from wavegan.progress.verdict import RunVerdict

    StatusRow = tuple[RunStatus, RunVerdict]

WIDE = 160
"""Width in characters where there is no terminal."""


def status_command(
    runs: Annotated[
        list[Path],
        typer.Argument(
            metavar="RUN...",
            help="Folders of runs (--out of train).",
            autocompletion=_completion.runs,
        ),
    ],
    as_json: Annotated[bool, typer.Option("--json", help="One JSON object on stdout.")] = False,
    quiet: Annotated[
        bool, typer.Option("--quiet", "-q", help="Only the action of each run.")
    ] = False,
) -> None:
    """Show the status of runs: step, speed, time left, quality, and what to do.

    [bold]wavegan status runs/my-voice[/bold]

    [bold]wavegan status runs/* --json[/bold]

    It only reads the runs' files, so it works while they train and on a copied
    folder. docs/status.md explains the output.
    """
    rows: list[StatusRow] = []
    left_out: list[dict[str, str]] = []
    for run in runs:
        try:
            rows.append(_row(run))
        except UserError as error:
            if len(runs) == 1:
                raise
            left_out.append({"run": str(run), "reason": str(error)})
            typer.echo(f"left out: {error}", err=True)
    if as_json:
        typer.echo(json.dumps({"runs": [_facts(*row) for row in rows], "left_out": left_out}))
    elif quiet:
        for where, verdict in rows:
            typer.echo(f"{where.run}: {verdict.action}")
    else:
        _show(rows)
    if left_out:
        raise UserError(f"{len(left_out)} of {counted(len(runs), 'run')} left out, see above")


def _row(run: Path) -> "StatusRow":
    from wavegan.progress.history import History
    from wavegan.progress.run_status import run_status
    from wavegan.progress.verdict import run_verdict

    if not run.exists():
        raise UserError(f"{run}: no such folder")
    if run.is_dir() and not (run / "recipe.yaml").is_file():
        inside = sorted(file.parent.name for file in run.glob("*/recipe.yaml"))
        if inside:
            raise UserError(f"{run}: not a run, but it contains runs: give {run / inside[0]}")
    history = History.read(run)
    for text in history.notes:
        typer.echo(f"note: {text}", err=True)
    return run_status(history), run_verdict(history)


def _facts(where: "RunStatus", verdict: "RunVerdict") -> dict[str, Any]:
    return {**where.to_dict(), "verdict": verdict.to_dict()}


def _show(rows: "Sequence[StatusRow]") -> None:
    """Print a table if there are several runs, then the lines of each run."""
    from wavegan.progress import wording

    if len(rows) > 1:
        _table(rows)
    for number, (where, verdict) in enumerate(rows):
        if number or len(rows) > 1:
            typer.echo()
        typer.echo(f"{where.run}: {where.line}")
        typer.echo(verdict.text)
        if where.best is not None:
            typer.echo(f"best checkpoint: {where.best}")
        for alarm in where.alarms:
            typer.echo(wording.with_step(alarm))


def _table(rows: "Sequence[StatusRow]") -> None:
    from rich.table import Table

    from wavegan.cli._screen import Screen
    from wavegan.progress.pace import format_duration

    table = Table(box=None)
    table.add_column("run", overflow="fold")
    for head in ("step", "of", "left", "value", "best"):
        table.add_column(head, justify="right", no_wrap=True)
    for head in ("trend", "action", "state"):
        table.add_column(head, no_wrap=True)
    for where, verdict in rows:
        left = "-" if where.left is None or where.state == "ended" else format_duration(where.left)
        table.add_row(
            where.run,
            f"{where.step:,}",
            f"{where.total:,}",
            left,
            _number(verdict.value),
            _number(verdict.best_value),
            verdict.trend,
            verdict.action,
            where.state,
        )
    console = Screen(width=WIDE)
    console.print(table)


def _number(value: float) -> str:
    return "-" if value != value else f"{value:.3g}"  # noqa: PLR0124  # NaN
