"""`wavegan evaluate`: metrics of generated clips against references, with floors to compare."""

import json
import math
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from wavegan.cli import _completion
from wavegan.cli._evaluate_inputs import broken, clip_list, limits
from wavegan.cli._options import Device, Force, HeldOut, TrustCode
from wavegan.errors import UserError

if TYPE_CHECKING:
    from wavegan.cli._evaluate_run import EvaluationInputs

ALIGN = ("auto", "always", "never")


def evaluate_command(
    reference: Annotated[
        Path, typer.Argument(metavar="REFERENCE", help="Folder of the real clips, or one file.")
    ],
    estimates: Annotated[
        list[Path] | None,
        typer.Argument(metavar="ESTIMATE", help="Folders of generated clips with the same names."),
    ] = None,
    models: Annotated[
        list[Path] | None,
        typer.Option(
            "--model",
            "-m",
            help="A vocoder for copy synthesis of the clips; may be repeated.",
            autocompletion=_completion.runs,
        ),
    ] = None,
    against: Annotated[
        str | None,
        typer.Option(
            "--against", help="Compare each system with this one: its name, a folder or a model."
        ),
    ] = None,
    metrics: Annotated[
        str | None,
        typer.Option(
            "--metrics",
            help="Comma-separated keys; +KEY adds to the default ones.",
            autocompletion=_completion.metrics,
        ),
    ] = None,
    match_gain: Annotated[
        bool, typer.Option("--match-gain", help="First scale each clip to its reference's level.")
    ] = False,
    align: Annotated[
        str, typer.Option("--align", help="Shift clips onto references: auto, always or never.")
    ] = "auto",
    no_floors: Annotated[
        bool, typer.Option("--no-floors", help="No rows for Griffin-Lim and a codec.")
    ] = False,
    fail_above: Annotated[
        list[str] | None,
        typer.Option(
            "--fail-above",
            metavar="KEY=VALUE",
            help="Exit with 1 if a mean is above this.",
            autocompletion=_completion.limits,
        ),
    ] = None,
    fail_below: Annotated[
        list[str] | None,
        typer.Option(
            "--fail-below",
            metavar="KEY=VALUE",
            help="Exit with 1 if a mean is below this.",
            autocompletion=_completion.limits,
        ),
    ] = None,
    listed: Annotated[
        Path | None, typer.Option("--list", help="File with the names of the clips to measure.")
    ] = None,
    count: Annotated[
        int | None, typer.Option("--count", min=1, help="Number of clips to use, evenly spread.")
    ] = None,
    save: Annotated[
        Path | None, typer.Option("--save", help="New folder to keep the models' output in.")
    ] = None,
    force: Force = False,
    sets: Annotated[
        bool, typer.Option("--sets", help="Compare whole sets of clips, without pairs.")
    ] = False,
    embedding: Annotated[
        str,
        typer.Option(
            "--embedding",
            help="For --sets: a name, or a judge's folder.",
            autocompletion=_completion.embeddings,
        ),
    ] = "mel_statistics",
    held_out: HeldOut = None,
    processes: Annotated[
        int | None, typer.Option("--processes", min=1, help="Default: chosen by the work.")
    ] = None,
    device: Device = "auto",
    trust_code: TrustCode = False,
    as_json: Annotated[bool, typer.Option("--json", help="One JSON object on stdout.")] = False,
    quiet: Annotated[bool, typer.Option("--quiet", "-q", help="Only the table.")] = False,
) -> None:
    """Compare generated clips with real ones: means, 95 % intervals, and floors for comparison.

    [bold]wavegan evaluate real/ made-a/ made-b/ --match-gain[/bold]

    [bold]wavegan evaluate held-out/ --model runs/my-voice --count 50[/bold]

    [bold]wavegan evaluate held-out/ --model runs/new --against runs/old --metrics pesq_wb[/bold]

    [bold]wavegan evaluate held-out/ --model runs/my-voice --fail-above log_mel_l1=0.4 --json[/bold]

    [bold]wavegan evaluate --sets drums/ made/ --embedding judges/drums[/bold]

    Clips are paired by their path in the folder, without extension. Lengths that
    differ by 50 ms at most are cut at the end; else the estimate is shifted to
    match the reference, or refused by name.

    Exit code 1: a mean breaks --fail-above or --fail-below, or a clip of --list
    could not be measured for the system.
    """
    wanted = limits(fail_above or (), fail_below or ())
    keys = metrics.split(",") if metrics is not None else None
    from wavegan.cli._evaluate_run import EvaluationInputs, run_pairs, run_sets
    from wavegan.cli.console import Stages

    stages = Stages(silent=as_json or quiet)
    given = EvaluationInputs(
        reference, estimates or [], models or [], against, device, stages, trust_code
    )
    if sets:
        _refuse_for_sets(given, match_gain, listed, count, save)
        result = run_sets(given, keys, embedding, held_out, wanted)
    else:
        _refuse_for_pairs(given, align, held_out)
        result = run_pairs(
            given,
            keys,
            wanted,
            save=save,
            force=force,
            only=clip_list(listed, reference),
            count=count,
            match_gain=match_gain,
            align=align,
            floors=not no_floors,
            processes=processes,
        )
    failures = list(broken(wanted, result.means))
    missing = result.left_out if wanted and listed is not None else {}
    for system, lacking in missing.items():
        text = f"{system}: {lacking} of the listed clips were not measured, so it fails"
        stages.notes.append(text)
        typer.echo(text, err=True)
    if as_json:
        failed = [
            {"system": system, "metric": limit.key, "mean": _finite(mean), "limit": limit.value}
            for system, limit, mean in failures
        ]
        typer.echo(
            json.dumps(
                {**result.to_dict(), "failed": failed, "notes": stages.notes}, allow_nan=False
            )
        )
    else:
        result.show()
    for system, limit, mean in failures:
        typer.echo(f"{system}: {limit.key} {mean:.4g} is {limit.word} {limit.value:g}", err=True)
    if failures or missing:
        raise typer.Exit(1)


def _finite(mean: float) -> float | None:
    return mean if math.isfinite(mean) else None


def _refuse_for_sets(
    given: "EvaluationInputs",
    match_gain: bool,
    listed: Path | None,
    count: int | None,
    save: Path | None,
) -> None:
    """Refuse options that need pairs of clips."""
    options = {
        "--model": given.models,
        "--against": given.against,
        "--match-gain": match_gain,
        "--list": listed,
        "--count": count,
        "--save": save,
    }
    for option, value in options.items():
        if value:
            raise UserError(f"{option} needs pairs of clips: leave out {option} or --sets")
    if not given.estimates:
        raise UserError("--sets: give a folder of generated clips after that of the real ones")


def _refuse_for_pairs(given: "EvaluationInputs", align: str, held_out: Path | None) -> None:
    """Refuse options that do not go together."""
    if align not in ALIGN:
        raise UserError(f"--align {align}: give {', '.join(ALIGN)}")
    if held_out is not None:
        raise UserError("--held-out needs --sets: give both, or leave out --held-out")
    if not given.estimates and not given.models:
        raise UserError(
            f"{given.reference}: give a folder of generated clips after it, or a vocoder by --model"
        )
