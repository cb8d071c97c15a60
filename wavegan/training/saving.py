"""Save the checkpoints of a run, unless its folder is gone or its weights are not finite."""

from dataclasses import dataclass
from pathlib import Path

from accelerate import Accelerator

from wavegan import bundle
from wavegan.errors import RunError
from wavegan.interrupt import Interrupt, Phase
from wavegan.run_folder import BEST
from wavegan.training import checkpoint, random_state, storage
from wavegan.training.adaptive import Adaptive
from wavegan.training.checkpoint import TrainState
from wavegan.training.guard import Guard, Problem
from wavegan.training.log import Listener
from wavegan.training.place import Place
from wavegan.training.processes import any_process, meet

BEST_BYTES = 64
"""Maximum size of `best.json`."""


@dataclass
class Saver:
    """Saves the checkpoints of a run.

    Attributes:
        place: the run's folder; notices when it is moved or deleted.
        keep_last: number of checkpoints to keep.
        metric: the metric of the best checkpoint.
        train_state: networks, optimizers, averaged generator, progress.
        config: the bundle's configuration.
        adaptive: controls the strength of augmentation, or None.
        guard: checks that weights and losses are finite.
        accelerator: device and processes.
        listener: receives notes.
    """

    place: Place
    keep_last: int
    metric: str
    train_state: TrainState
    config: bundle.Config
    adaptive: Adaptive | None
    guard: Guard
    accelerator: Accelerator
    listener: Listener

    @property
    def run(self) -> Path:
        """The run's folder; its new path after it was moved."""
        return self.place.run

    def save(self, interrupt: Interrupt) -> None:
        """Write a checkpoint and delete old ones; only the main process writes."""
        self.check_place(interrupt)
        with interrupt.during(Phase.SAVE):
            self.write()
        self.check_place(interrupt)  # the folder may have moved during the save

    def save_if_sound(self, interrupt: Interrupt) -> None:
        """Save unless weights or losses are not finite."""
        self.guard.read()
        problem = self.guard.problem(thorough=True)
        if problem is None:
            self.save(interrupt)
        else:
            self.not_saved(problem)

    def not_saved(self, problem: Problem) -> None:
        """Report that no checkpoint is saved, and why."""
        if self.accelerator.is_main_process:
            safe = storage.last_good(self.run)
            self.listener.note(f"not saved: {problem.what} ({safe}): {problem.cause}")

    def check_place(self, interrupt: Interrupt) -> None:
        """Check that the run's folder is still at its path; if it was moved, save into it.

        Raises:
            RunError: it was moved or deleted.
        """
        lost = self.accelerator.is_main_process and self.place.lost
        if not any_process(lost, self.accelerator.device):
            return
        moved, was = self.place.now(), self.run
        if not any_process(moved is not None, self.accelerator.device):
            raise _gone(was)
        self.place.run = moved or was
        saved = "its last steps are not saved"
        if self.guard.problem(thorough=True) is None:
            with interrupt.during(Phase.SAVE):
                self.write()
            if any_process(lost and self.place.lost, self.accelerator.device):
                raise _gone(was)
            saved = f"saved there at step {self.train_state.progress.step:,}"
        raise RunError(
            f"{was}: this run's folder was moved to {self.run} while it trained: {saved}; resume "
            f"with: wavegan train --resume {self.run}"
        )

    def write(self) -> None:
        """Write the checkpoint of this step, mark the best, delete old ones."""
        random = random_state.gather()
        progress = self.train_state.progress
        if self.adaptive is not None:
            progress.augment = self.adaptive.state()
        if self.accelerator.is_main_process:
            config = bundle.at_step(self.config, progress.step)
            target = self.run / "checkpoints" / f"{progress.step:08d}"
            needed = storage.size(self.train_state)
            with self.place.ignore_errors_if_lost(), storage.writing(self.run, target, needed):
                checkpoint.save(self.run, self.train_state, config, random)
            self.tidy(mark=progress.best_step == progress.step)
        meet(self.accelerator)

    def tidy(self, *, mark: bool) -> None:
        """Delete checkpoints that newer ones replace; with `mark`, write `best.json`."""
        progress, best = self.train_state.progress, self.run / "checkpoints" / BEST
        with self.place.ignore_errors_if_lost(), storage.writing(self.run, best, BEST_BYTES):
            if mark:
                checkpoint.mark_best(self.run, progress, self.metric)
            checkpoint.prune(self.run, self.keep_last, progress.best_step)


def _gone(run: Path) -> RunError:
    return RunError(
        f"{run}: this run's folder was deleted, or moved to an unknown place, while it trained: "
        "nothing more is saved; if you still have it, resume from its last checkpoint with: "
        "wavegan train --resume FOLDER"
    )
