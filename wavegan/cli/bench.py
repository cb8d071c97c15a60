"""`wavegan bench`: speed, latency and memory of a model on this machine."""

import json
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from wavegan.cli import _completion
from wavegan.cli._options import Device, Force, TrustCode
from wavegan.cli._several_values import numbers
from wavegan.errors import UserError
from wavegan.targets import check_files

if TYPE_CHECKING:
    from wavegan.bench.result import Result

INTERRUPTED = 130
FEWEST = 3
LONGEST = 600.0
"""Seconds of audio of one item."""


def bench_command(
    model: Annotated[
        Path,
        typer.Argument(
            metavar="MODEL", help="A run, checkpoint or bundle.", autocompletion=_completion.runs
        ),
    ],
    precision: Annotated[
        str | None,
        typer.Option(
            "--precision",
            help="auto, float32, bfloat16 or float16, or several with commas; default: those that "
            "are fast here.",
            autocompletion=_completion.precisions,
        ),
    ] = None,
    threads: Annotated[
        str | None,
        typer.Option("--threads", metavar="N ...", help="Default: 1 and all cores."),
    ] = None,
    batch: Annotated[str, typer.Option("--batch", metavar="N ...", help="Items per call.")] = "1,8",
    seconds: Annotated[
        str | None,
        typer.Option(
            "--seconds",
            metavar="S ...",
            help="Length of each item; default: 1 and 10, for sounds the model's own.",
        ),
    ] = None,
    runs: Annotated[int, typer.Option("--runs", help="Runs of each setting, 3 or more.")] = 5,
    budget: Annotated[
        float,
        typer.Option(
            "--budget",
            help="Seconds that it may take, about: it makes fewer runs, 3 at least, and leaves out "
            "the slowest settings.",
        ),
    ] = 60.0,
    compiled: Annotated[
        bool, typer.Option("--compile/--no-compile", help="Use torch.compile; it takes minutes.")
    ] = False,
    device: Device = "auto",
    json_file: Annotated[
        Path | None,
        typer.Option("--json", metavar="FILE", help="Write all figures as JSON; - is stdout."),
    ] = None,
    force: Force = False,
    trust_code: TrustCode = False,
    quiet: Annotated[bool, typer.Option("--quiet", "-q", help="No progress.")] = False,
) -> None:
    """Measure how fast a model is on this machine, and say what to use.

    [bold]wavegan bench runs/my-voice[/bold]

    [bold]wavegan bench runs/my-voice --threads 1,4 --batch 1 --seconds 5 --json speed.json[/bold]

    For each precision, number of threads, batch and length: × real time, GFLOP/s
    and memory; then the time until the first audio. The last line says which
    of them to use. docs/performance.md explains the output.

    Ctrl-C prints the figures so far.
    """
    counts = None if threads is None else numbers("--threads", threads, int, 1)
    batches = numbers("--batch", batch, int, 1)
    lengths = None if seconds is None else numbers("--seconds", seconds, float, 0.01)
    _refuse(lengths, runs, budget)
    on_stdout = json_file is not None and str(json_file) == "-"
    if json_file is not None and not on_stdout:
        check_files([json_file], inputs=[model], other="another --json", force=force)
        if not json_file.parent.is_dir():
            raise UserError(f"--json {json_file}: there is no folder {json_file.parent}")
    from wavegan.bench.run import bench
    from wavegan.cli.console import Activity
    from wavegan.device import choose
    from wavegan.inference.engine.precision import checked

    precisions = None if precision is None else [checked(each) for each in precision.split(",")]
    activity = Activity(silent=quiet)
    with activity.live():
        found = bench(
            model,
            choose(device),
            precisions=precisions,
            threads=counts,
            batches=batches,
            seconds=lengths,
            runs=runs,
            budget=budget,
            compiled=compiled,
            trust_code=trust_code,
            show=activity.show,
        )
    _write(found, json_file, on_stdout)
    if found.interrupted:
        raise typer.Exit(INTERRUPTED)


def _write(found: "Result", json_file: Path | None, on_stdout: bool) -> None:
    """Print the tables, or JSON; a file gets JSON in addition."""
    from wavegan import atomic
    from wavegan.bench.run import advice_of, to_dict
    from wavegan.cli._bench_table import print_result

    text = json.dumps(to_dict(found), allow_nan=False)
    if on_stdout:
        typer.echo(text)
        return
    if json_file is not None:
        atomic.text(json_file, f"{text}\n")
    print_result(found, advice_of(found))


def _refuse(lengths: list[float] | None, runs: int, budget: float) -> None:
    """Refuse numbers out of range."""
    if lengths and max(lengths) > LONGEST:
        raise UserError(f"--seconds {max(lengths):g}: give at most {LONGEST:g}")
    if runs < FEWEST:
        raise UserError(f"--runs {runs}: give {FEWEST} or more, as a median of fewer says little")
    if not 0 < budget < float("inf"):
        raise UserError(f"--budget {budget:g}: give a number of seconds above 0")
