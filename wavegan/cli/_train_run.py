"""Run training for `wavegan train`: lock, clean-up, signals, training, summary."""

import os
import signal
from contextlib import AbstractContextManager, nullcontext
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import typer

from wavegan import atomic, deaths
from wavegan.cli.stderr import say
from wavegan.errors import UserError

if TYPE_CHECKING:
    from wavegan.cli.console import Silent
    from wavegan.interrupt import Interrupt
    from wavegan.recipe import Recipe
    from wavegan.training.trainer import Trainer


OWN = ("recipe.yaml", "metrics.jsonl", "split.json")
"""Files of a run that are rewritten as a whole."""


@dataclass(frozen=True)
class TrainingRequest:
    """What the command line requests.

    Attributes:
        run: the run's folder.
        recipe: resolved.
        resume: whether to resume a run that is in the folder.
        trusted: whether classes outside wavegan that the recipe names may be imported.
    """

    run: Path
    recipe: "Recipe"
    resume: bool
    trusted: bool = True

    def settled(self) -> "TrainingRequest":
        """The request to carry out: resume if the folder already holds the same run.

        Raises:
            UserError: the folder holds something else, or the run cannot resume with this recipe.
        """
        from wavegan import bundle
        from wavegan.training import changes, destination

        if self.resume and not bundle.checkpoints(self.run):
            raise UserError(
                f"--resume {self.run}: no checkpoint to resume from: run the command that started "
                "this run again"
            )
        if self.resume:
            changes.check(self.run, self.recipe)
            return self
        known = destination.recipe_to_resume(self.run, self.recipe)
        return self if known is None else TrainingRequest(self.run, known, True, self.trusted)


def is_main_process() -> bool:
    """Whether this is the only process of the run, or its first."""
    return os.environ.get("RANK", "0") == "0"


def locked(run: Path, listener: "Silent") -> AbstractContextManager[None]:
    """Lock the run's folder; only the first process of a run does."""
    from wavegan.training import lock

    return lock.hold(run, listener.note) if is_main_process() else nullcontext()


def train(plan: TrainingRequest, device: str, listener: "Silent") -> tuple[int, dict[str, object]]:
    """Train; returns the exit code and a summary of the run.

    Raises:
        UserError: the folder is in use or holds something else, or as `setup.prepare`.
    """
    from wavegan import interrupt
    from wavegan.process_group import ProcessLostError

    if launcher := os.environ.get("WAVEGAN_LAUNCHER"):
        deaths.end_with(int(launcher), signal.SIGTERM)  # like any SIGTERM: save, then stop
    tell = say if is_main_process() else listener.note
    with interrupt.watch(tell if listener.quiet else listener.note) as watched:
        try:
            with locked(plan.run, listener):
                clear(plan.run, listener)
                return _train(plan.settled(), device, listener, watched)
        except ProcessLostError:
            if not launcher:
                raise
            raise typer.Exit(deaths.LEFT_ALONE) from None
        except KeyboardInterrupt:
            if watched.signal is None:
                raise
            tell(_stopped(plan.run))
            raise typer.Exit(watched.exit_code) from None


def _train(
    plan: TrainingRequest, device: str, listener: "Silent", watched: "Interrupt"
) -> tuple[int, dict[str, object]]:
    from wavegan.training import setup
    from wavegan.training.log import available

    run = plan.run
    recipe = _with_trackers_that_write(plan.recipe, run, listener)
    missing = available(recipe.training.trackers)[1]
    if missing:
        listener.note(f"{missing[0]} is not installed: no log for it (metrics.jsonl is written)")
    _announce(plan, listener)
    trainer = setup.prepare(
        recipe,
        run,
        device=device,
        resume=plan.resume,
        trust_code=plan.trusted,
        listener=listener,
    )
    begun = trainer.train_state.progress.step
    with listener.live():
        trainer.train(watched)
    step = trainer.train_state.progress.step
    ended = "stopped" if watched.signal else "done"
    listener.note(f"{ended} at step {step:,}; saved in {run}")
    if watched.signal:
        listener.note(f"resume with: wavegan train --resume {run}")
    elif step == begun:
        listener.note(f"train longer with: wavegan train --resume {run} training.steps={2 * step}")
    trainer.log.close()
    return watched.exit_code, _summary(trainer, watched)


def _with_trackers_that_write(recipe: "Recipe", run: Path, listener: "Silent") -> "Recipe":
    """Remove TensorBoard where the run's path is not UTF-8, which TensorBoard requires."""
    kept = tuple(name for name in recipe.training.trackers if name != "tensorboard")
    try:
        str(run).encode("utf-8")
    except UnicodeEncodeError:
        if kept != recipe.training.trackers:
            listener.note(
                f"{run}: this path is not UTF-8, so there is no TensorBoard log (metrics.jsonl is "
                "written)"
            )
        training = recipe.training.model_copy(update={"trackers": kept})
        return recipe.model_copy(update={"training": training})
    return recipe


def clear(run: Path, listener: "Silent") -> None:
    """Remove unfinished files of a killed process, and move damaged checkpoints aside.

    Raises:
        UserError: all checkpoints are damaged.
    """
    from wavegan.training import whole

    if is_main_process():
        left = atomic.settle(run / "checkpoints") + _settle_own(run)
        if left:
            listener.note(f"{run}: removed {left} unfinished files or folders of a killed process")
        whole.settle(run, listener.note)


def _settle_own(run: Path) -> int:
    """Remove unfinished copies of a run's own files only: the folder may hold other files."""
    left = [file for name in OWN for file in run.glob(f".{name}.part-*")]
    left += [*run.glob("samples/*/.*.part"), *run.glob("processes/*.json")]
    for file in left:
        file.unlink(missing_ok=True)
    return len(left)


def _announce(plan: TrainingRequest, listener: "Silent") -> None:
    from wavegan import bundle, sealed
    from wavegan.training.changes import RECIPE

    file = plan.run / RECIPE
    if plan.resume and file.is_file() and sealed.state(file) is sealed.Seal.EDITED:
        listener.note(
            f"{file}: {sealed.Seal.EDITED.value}; differences from the last checkpoint's recipe "
            "are listed below"
        )
    found = bundle.checkpoints(plan.run)
    if plan.resume and found:
        listener.note(f"{plan.run}: resuming from step {max(found):,}")
    elif (plan.run / RECIPE).is_file():
        listener.note(f"{plan.run}: the run here has no checkpoint, so it starts from step 0")


def _stopped(run: Path) -> str:
    from wavegan import bundle

    found = bundle.checkpoints(run)
    if not found:
        return f"stopped; no checkpoint in {run}"
    return f"stopped; {run} is at step {max(found):,}, resume with: wavegan train --resume {run}"


def _summary(trainer: "Trainer", watched: "Interrupt") -> dict[str, object]:
    progress = trainer.train_state.progress
    metric, verdict = trainer.validation.best, trainer.adviser.last
    return {
        "run": str(trainer.run),
        "step": progress.step,
        "best_step": progress.best_step,
        f"best_{metric}": None if progress.best_step is None else progress.best_value,
        "interrupted": watched.signal is not None,
        "verdict": verdict.to_dict() if verdict else None,
    }


def require_training() -> None:
    """Check that the packages for training are installed.

    Raises:
        UserError: accelerate is missing.
    """
    try:
        import accelerate  # noqa: F401
    except ImportError:
        raise UserError('training needs more packages: pip install "wavegan[train]"') from None
