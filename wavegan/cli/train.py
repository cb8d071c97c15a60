"""`wavegan train`: a folder of audio in, a model out."""

import json
import os
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from wavegan.cli import _completion
from wavegan.errors import UserError

if TYPE_CHECKING:
    from wavegan.cli.console import Silent
    from wavegan.recipe import Recipe


def train_command(
    words: Annotated[
        list[str] | None,
        typer.Argument(
            metavar="[RECIPE DATA] [KEY=VALUE]...",
            help="A recipe (see `wavegan list`), a folder of audio, and fields to change. "
            "With --resume: fields only.",
            show_default=False,
            autocompletion=_completion.training,
        ),
    ] = None,
    out: Annotated[Path | None, typer.Option("--out", help="Folder for the new run.")] = None,
    resume: Annotated[
        Path | None,
        typer.Option("--resume", help="Run to go on with.", autocompletion=_completion.runs),
    ] = None,
    processes: Annotated[
        int, typer.Option("--processes", min=1, help="Processes on this machine, one per GPU.")
    ] = 1,
    device: Annotated[
        str,
        typer.Option(
            "--device", help="auto, cpu, cuda or mps.", autocompletion=_completion.devices
        ),
    ] = "auto",
    dry_run: Annotated[
        bool,
        typer.Option("--dry-run", help="Check all; estimate time, memory and disk; write nothing."),
    ] = False,
    as_json: Annotated[
        bool, typer.Option("--json", help="One JSON object on stdout, no progress.")
    ] = False,
    quiet: Annotated[bool, typer.Option("--quiet", "-q", help="No progress.")] = False,
) -> None:
    """Train a recipe on a folder of audio, or go on with a run.

    [bold]wavegan train tiny my-recordings/ --out runs/my-voice[/bold]

    [bold]wavegan train hifigan-v1 LJSpeech-1.1/wavs --out runs/lj training.batch_size=32[/bold]

    [bold]wavegan train hifigan-v1 wavs --out runs/b data.mels=mels training.init_from=runs/a[/bold]

    [bold]wavegan train --resume runs/my-voice training.steps=20000[/bold]

    Ctrl-C saves a checkpoint and leaves with exit code 130; --resume goes on from there.
    """
    from wavegan.cli.console import Silent, Talkative

    run, recipe = _plan(words or [], out, resume, device)
    if recipe.training.batch_size % processes:
        raise UserError(
            f"training.batch_size is {recipe.training.batch_size}, the size for all processes "
            f"together: it must be a multiple of --processes {processes}"
        )
    main_process = os.environ.get("RANK", "0") == "0"
    silent = as_json or quiet or not main_process
    listener = Silent() if silent else Talkative(recipe.training.steps)
    if dry_run:
        from wavegan.cli._dry_run import describe

        _require_training()
        describe(recipe, run, device, processes, as_json)
        return
    if processes > 1 and "WAVEGAN_PROCESSES" not in os.environ:
        from wavegan.training.launch import launch

        raise typer.Exit(launch(processes, sys.argv[1:]))
    _require_training()
    code, summary = _train(recipe, run, device, resume is not None, listener)
    if as_json and main_process:
        typer.echo(json.dumps(summary))
    raise typer.Exit(code)


def _plan(
    words: Sequence[str], out: Path | None, resume: Path | None, device: str
) -> tuple[Path, "Recipe"]:
    """The run's folder and its resolved recipe."""
    from wavegan.overrides import refuse_spaces
    from wavegan.recipe import load

    if device not in ("auto", "cpu", "cuda", "mps"):
        raise UserError(f"--device {device}: give auto, cpu, cuda or mps")
    if resume is not None:
        if out is not None:
            raise UserError("--resume goes on in its own folder: leave --out out")
        refuse_spaces(words)
        stray = [word for word in words if "=" not in word]
        if stray:
            raise UserError(f"{stray[0]!r}: with --resume give only KEY=VALUE")
        if not (resume / "recipe.yaml").is_file():
            raise UserError(f"--resume {resume}: no run here (no recipe.yaml)")
        return resume, load(str(resume / "recipe.yaml"), words)
    if len(words) < 2 or "=" in words[0] or ("=" in words[1] and not Path(words[1]).exists()):
        raise UserError("give a recipe and a folder of audio: wavegan train RECIPE DATA --out RUN")
    if out is None:
        raise UserError("--out is missing: give a folder for the run, e.g. --out runs/my-voice")
    name, folder, *overrides = words
    recipe = load(name, overrides)
    mels = recipe.data.mels.absolute() if recipe.data.mels else None
    data = recipe.data.model_copy(update={"folder": Path(folder).absolute(), "mels": mels})
    _refuse_used(out)
    # what others gave is not this run's
    return out, recipe.model_copy(update={"data": data, "needs": "", "gave": ""})


def _refuse_used(out: Path) -> None:
    """A run is never written over, nor are other files."""
    if out.is_file():
        raise UserError(f"--out {out}: this is a file; give a folder")
    if not out.is_dir():
        return
    if any((out / "checkpoints").glob("[0-9]*")):
        raise UserError(f"--out {out}: a run is here; go on with --resume {out}, or choose another")
    ours = {"recipe.yaml", "metrics.jsonl", "samples", "checkpoints", "trackers"}
    strange = sorted(entry.name for entry in out.iterdir() if entry.name not in ours)
    if strange:
        raise UserError(f"--out {out}: not empty (it holds {strange[0]}); choose another folder")


def _require_training() -> None:
    try:
        import accelerate  # noqa: F401
    except ImportError:
        raise UserError('training needs more packages: pip install "wavegan[train]"') from None


def _train(
    recipe: "Recipe", run: Path, device: str, resume: bool, listener: "Silent"
) -> tuple[int, dict[str, object]]:
    from wavegan.training import interrupt, setup
    from wavegan.training.log import available

    recipe = _with_trackers_that_write(recipe, run, listener)
    missing = available(recipe.training.trackers)[1]
    if missing:
        listener.note(f"no {missing[0]} here, so its log is left out (metrics.jsonl is written)")
    trainer = setup.prepare(recipe, run, device=device, resume=resume, listener=listener)
    with interrupt.watch() as watched, listener.live():
        trainer.train(watched)
    progress = trainer.players.progress
    ended = "stopped" if watched.signal else "done"
    listener.note(f"{ended} at step {progress.step:,}; saved in {run}")
    if watched.signal:
        listener.note(f"go on with: wavegan train --resume {run}")
    trainer.accelerator.end_training()
    metric, verdict = trainer.validation.best, trainer.adviser.last
    summary = {
        "run": str(run),
        "step": progress.step,
        "best_step": progress.best_step,
        f"best_{metric}": None if progress.best_step is None else progress.best_value,
        "interrupted": watched.signal is not None,
        "verdict": verdict.to_dict() if verdict else None,
    }
    return watched.exit_code, summary


def _with_trackers_that_write(recipe: "Recipe", run: Path, listener: "Silent") -> "Recipe":
    """Leave out TensorBoard's log where it cannot be: it takes names in UTF-8 alone."""
    kept = tuple(name for name in recipe.training.trackers if name != "tensorboard")
    try:
        str(run).encode("utf-8")
    except UnicodeEncodeError:
        if kept != recipe.training.trackers:
            listener.note(
                f"{run} is no UTF-8, so TensorBoard's log is left out (metrics.jsonl is written)"
            )
        training = recipe.training.model_copy(update={"trackers": kept})
        return recipe.model_copy(update={"training": training})
    return recipe
