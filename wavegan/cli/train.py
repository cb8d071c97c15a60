"""`wavegan train`: train a recipe on a folder of audio, or resume a run."""

import json
import os
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from wavegan.cli import _completion
from wavegan.cli._options import Device, TrustCode
from wavegan.cli._train_run import (
    TrainingRequest,
    clear,
    is_main_process,
    locked,
    require_training,
    train,
)
from wavegan.errors import UserError

if TYPE_CHECKING:
    pass


def train_command(
    words: Annotated[
        list[str] | None,
        typer.Argument(
            metavar="[RECIPE DATA] [KEY=VALUE]...",
            help="A recipe (see `wavegan list`), a folder of audio, and fields to change. "
            "With --resume: only fields.",
            show_default=False,
            autocompletion=_completion.training,
        ),
    ] = None,
    out: Annotated[
        Path | None,
        typer.Option("--out", help="Folder for the run; the same run there is resumed."),
    ] = None,
    resume: Annotated[
        Path | None,
        typer.Option("--resume", help="Run to resume.", autocompletion=_completion.runs),
    ] = None,
    processes: Annotated[
        int, typer.Option("--processes", min=1, help="Processes on this machine, one per GPU.")
    ] = 1,
    device: Device = "auto",
    trust_code: TrustCode = False,
    dry_run: Annotated[
        bool,
        typer.Option("--dry-run", help="Only check, and estimate time, memory and disk."),
    ] = False,
    as_json: Annotated[
        bool, typer.Option("--json", help="One JSON object on stdout, no progress.")
    ] = False,
    quiet: Annotated[bool, typer.Option("--quiet", "-q", help="No progress.")] = False,
) -> None:
    """Train a recipe on a folder of audio, or resume a run.

    [bold]wavegan train tiny my-recordings/ --out runs/my-voice[/bold]

    [bold]wavegan train hifigan-v1 LJSpeech-1.1/wavs --out runs/lj training.batch_size=32[/bold]

    [bold]wavegan train hifigan-v1 wavs --out runs/b data.mels=mels training.init_from=runs/a[/bold]

    [bold]wavegan train --resume runs/my-voice training.steps=20000[/bold]

    Ctrl-C saves a checkpoint and exits with code 130; the same command again, or --resume,
    continues from there. A closed terminal, kill and SIGUSR1 do the same (code 128 + signal).
    """
    from wavegan.cli.console import ConsoleListener, Silent

    plan = _plan(words or [], out, resume, device, trust_code)
    recipe = plan.recipe
    if recipe.training.batch_size % processes:
        raise UserError(
            f"training.batch_size is {recipe.training.batch_size}, the total of all processes: "
            f"give a multiple of --processes {processes}"
        )
    silent = as_json or quiet or not is_main_process()
    listener = Silent() if silent else ConsoleListener(recipe.training.steps)
    if dry_run:
        from wavegan.cli._dry_run import describe

        require_training()
        describe(plan.settled(), device, processes, as_json)
        return
    if processes > 1 and "WAVEGAN_PROCESSES" not in os.environ:
        from wavegan.training.launch import launch

        with locked(plan.run, listener):  # report errors once, before the processes start
            clear(plan.run, listener)
            plan.settled()
        raise typer.Exit(launch(processes, sys.argv[1:], plan.run))
    require_training()
    code, summary = train(plan, device, listener)
    if as_json and is_main_process():
        typer.echo(json.dumps(summary))
    raise typer.Exit(code)


def _plan(
    words: Sequence[str], out: Path | None, resume: Path | None, device: str, trust_code: bool
) -> TrainingRequest:
    """The run's folder and its resolved recipe."""
    from wavegan.overrides import refuse_spaces
    from wavegan.recipe import load

    if device not in ("auto", "cpu", "cuda", "mps"):
        raise UserError(f"--device {device}: give auto, cpu, cuda or mps")
    if resume is not None:
        if out is not None:
            raise UserError("--resume continues in the run's own folder: leave out --out")
        refuse_spaces(words)
        stray = [word for word in words if "=" not in word]
        if stray:
            raise UserError(f"{stray[0]!r}: with --resume, give only KEY=VALUE")
        if not (resume / "recipe.yaml").is_file():
            raise UserError(f"--resume {resume}: no run here (no recipe.yaml)")
        recipe = load(str(resume / "recipe.yaml"), words, trust_code=trust_code).absolute()
        return TrainingRequest(resume, recipe, resume=True, trusted=trust_code)
    if len(words) < 2 or "=" in words[0] or ("=" in words[1] and not Path(words[1]).exists()):
        raise UserError("give a recipe and a folder of audio: wavegan train RECIPE DATA --out RUN")
    if out is None:
        raise UserError("--out is missing: give a folder for the run, e.g. --out runs/my-voice")
    if out.is_file():
        raise UserError(f"--out {out}: this is a file; give a folder")
    name, folder, *overrides = words
    recipe = load(name, overrides, trust_code=True)
    data = recipe.data.model_copy(update={"folder": Path(folder)})
    # `needs` and `gave` describe the recipe's published run, not this one
    own = recipe.model_copy(update={"data": data, "needs": "", "gave": ""})
    return TrainingRequest(out, own.absolute(), resume=False)
