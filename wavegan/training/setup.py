"""Build a run: from a recipe and a folder to a `Trainer` that is ready to train.

The order matters: all errors in the recipe are found before any file is read.
"""

import os
from collections.abc import Callable, Iterator
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

from accelerate import Accelerator
from accelerate.utils import InitProcessGroupKwargs, ProjectConfiguration, set_seed

from wavegan import atomic
from wavegan.counted import counted
from wavegan.data.batch import Batch
from wavegan.data.loader import training_loader
from wavegan.data.segments import Segments
from wavegan.device import choose
from wavegan.errors import RunError, UserError
from wavegan.recipe import Recipe, dump
from wavegan.run_folder import RECIPE
from wavegan.sealed import sealed
from wavegan.training import (
    assembly,
    checkpoint,
    files,
    files_report,
    kept_split,
    random_state,
    room,
    start,
    storage,
    warm_start,
)
from wavegan.training.checkpoint import Progress, TrainState
from wavegan.training.history import History
from wavegan.training.log import Listener, RunLog, available
from wavegan.training.measured import fingerprint
from wavegan.training.parts import Parts
from wavegan.training.processes import main_first
from wavegan.training.trainer import Trainer
from wavegan.validation.base import Validation, ValidationData

LONGEST = timedelta(hours=6)
"""Timeout of the process group: one process validates, or reads the folder, while others wait.
Hanging processes are found earlier, by `heartbeat`."""


def prepare(
    recipe: Recipe,
    run: Path,
    *,
    device: str = "auto",
    resume: bool = False,
    trust_code: bool = False,
    listener: Listener,
) -> Trainer:
    """Build a run from a recipe whose `data.folder` is set.

    Args:
        recipe: resolved.
        run: the run's folder.
        device: `auto`, `cpu`, `cuda` or `mps`.
        resume: continue from the run's last checkpoint.
        trust_code: as in `parts.build`.
        listener: receives progress and notes.

    Raises:
        UserError: the recipe, the folder of audio or the checkpoint is not usable.
        RunError: some of the processes did not start.
    """
    recipe = recipe.absolute()
    before = History.of(run, recipe) if resume else History()
    recipe, model = assembly.settle(recipe, resume, listener.note)
    accelerator = _accelerator(recipe, run, device)
    check, build = room.makers(run if resume else None, trust_code, model)
    check(recipe)
    if own := recipe.own_classes():
        listener.note(f"this recipe runs code from outside wavegan: {', '.join(own)}")
    _check_batch(recipe, accelerator)
    with main_first(accelerator):
        found = files.find(recipe, before)
    measured = fingerprint(recipe, found)
    other_clips = before.measures_other_clips(found.split, measured)
    if accelerator.is_main_process:
        files_report.report_summary(found, listener)
        before.report(found.manifest, found.split, measured, listener.note)
    recipe = assembly.labelled(recipe, found)
    set_seed(recipe.training.seed, device_specific=True)
    made = build(recipe)
    segments = files.segments(recipe, found, made.terms.task.conditioner())
    batches = _batches(recipe, accelerator, segments)
    if not resume:
        assembly.fit(made, segments)
    if model is not None:
        warm_start.load_weights(made, model, listener.note)
    adaptive = assembly.adaptive(recipe, made, segments.slots, listener.note)
    train_state, step = assembly.assemble(recipe, made, accelerator.device, accelerator.autocast)
    train_state.progress.world = accelerator.num_processes
    train_state.progress.data = found.manifest.fingerprint()
    if resume:
        _resume(run, recipe.training.steps, train_state, accelerator, listener)
        _settle_rate(before, train_state.progress, accelerator, listener)
        checkpoint.settle_best(run, train_state.progress, other_clips=other_clips)
    ended = train_state.progress.step >= recipe.training.steps
    if accelerator.is_main_process:
        _write(recipe, run)
        with storage.writing(run, run / kept_split.FILE, _names(found)):
            last = before.kept.measured if ended and before.kept else measured
            kept_split.write(run, found.manifest, found.split, before.kept, last)
    log = RunLog(run, accelerator, train_state.progress.step)
    log.track(run.resolve().name)
    if log.dropped:
        listener.note(f"{log.file}: {counted(log.dropped, 'invalid line')} dropped")
    if not ended:
        facts = start.facts(accelerator, train_state, found)
        log.start(train_state.progress.step, facts | {"other_clips": other_clips})
    return Trainer(
        run=run,
        recipe=recipe,
        step=step,
        train_state=train_state,
        config=made.config,
        batches=batches,
        validation=_validation(recipe, made, found, segments),
        accelerator=accelerator,
        segments=segments,
        adaptive=adaptive,
        log=log,
        listener=listener,
    )


def _validation(recipe: Recipe, made: Parts, found: files.Files, segments: Segments) -> Validation:
    """The validation of the task; clips are read when they are first needed."""
    task, measured = made.terms.task, bool(found.split.validation)
    read, training = files.held_out if measured else files.shown, recipe.training
    return task.validation(
        ValidationData(
            clips=lambda: read(recipe, found, task.conditioner()),
            measured=measured,
            train=segments,
            held_out=files.held_out_segments(recipe, found, task.conditioner()),
            sample_rate=made.config.sample_rate,
            labels=made.config.labels,
            count=training.validation_clips,
            previews=training.previews,
            seed=training.seed,
        )
    )


def _write(recipe: Recipe, run: Path) -> None:
    text = sealed(dump(recipe))
    with storage.writing(run, run / RECIPE, len(text)):
        run.mkdir(parents=True, exist_ok=True)
        atomic.text(run / RECIPE, text)


def _names(found: files.Files) -> int:
    """Bytes of the files' names."""
    return sum(len(clip.path) for clip in found.manifest.clips)


def _accelerator(recipe: Recipe, run: Path, device: str) -> Accelerator:
    trackers, _ = available(recipe.training.trackers)
    accelerator = Accelerator(
        cpu=choose(device).type == "cpu",
        mixed_precision=recipe.training.precision,
        log_with=trackers or None,
        kwargs_handlers=[InitProcessGroupKwargs(timeout=LONGEST)],
        project_config=ProjectConfiguration(str(run), logging_dir=str(run / "trackers")),
    )
    expected = int(os.environ.get("WAVEGAN_PROCESSES", os.environ.get("WORLD_SIZE", "1")))
    if accelerator.num_processes != expected:
        raise RunError(
            f"{expected} processes were started, but only {accelerator.num_processes} found each "
            f"other: start them with: wavegan train ... --processes {expected}"
        )
    return accelerator


def _check_batch(recipe: Recipe, accelerator: Accelerator) -> None:
    batch_size, processes = recipe.training.batch_size, accelerator.num_processes
    if batch_size % processes:
        raise UserError(
            f"training.batch_size is {batch_size}, the total of all processes: give a multiple of "
            f"their number ({processes})"
        )


def _batches(
    recipe: Recipe, accelerator: Accelerator, segments: Segments
) -> Callable[[int], Iterator[Batch]]:
    training = recipe.training

    def batches(start_step: int) -> Iterator[Batch]:
        return training_loader(
            segments,
            batch_size=training.batch_size,
            steps=training.steps,
            start_step=start_step,
            rank=accelerator.process_index,
            world=accelerator.num_processes,
            num_workers=recipe.data.workers,
            pin_memory=accelerator.device.type == "cuda",
        )

    return batches


def _resume(
    run: Path, steps: int, train_state: TrainState, accelerator: Accelerator, listener: Listener
) -> None:
    now = replace(train_state.progress)
    states, complete = checkpoint.restore(checkpoint.last(run), train_state)
    if train_state.progress.step > steps:
        raise UserError(
            f"training.steps is {steps}, but {run} is at step {train_state.progress.step}: give "
            "more steps"
        )
    restored = random_state.restore(states, accelerator.process_index)
    if accelerator.is_main_process:
        if not complete:
            listener.note(
                f"{checkpoint.last(run)} has no optimizer of D (only a run's last checkpoint has): "
                "it starts fresh, so training differs from an uninterrupted run"
            )
        if train_state.progress.data != now.data:
            listener.note(
                "the training files changed since the checkpoint: crops differ from now on"
            )
        if train_state.progress.world != now.world or not restored:
            made_by = counted(train_state.progress.world, "process", "processes")
            here = counted(now.world, "trains", "train")
            listener.note(
                f"the checkpoint is from {made_by}, now {here}: random numbers differ from now on"
            )
    train_state.progress.data, train_state.progress.world = now.data, now.world


def _settle_rate(
    before: History, progress: Progress, accelerator: Accelerator, listener: Listener
) -> None:
    """Reset the factor of the learning rates if the user gives a new rate."""
    if not before.sets_rates or progress.rate == 1:
        return
    if accelerator.is_main_process:
        listener.note(
            f"both learning rates were x {progress.rate:g}, because training went back to a "
            "checkpoint; as you changed a rate, the recipe's rates hold from now on"
        )
    progress.rate = 1.0
