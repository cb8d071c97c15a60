"""Go back to the last good checkpoint with lower learning rates; give up after a few times."""

from dataclasses import dataclass, replace
from pathlib import Path

from accelerate import Accelerator

from wavegan import bundle
from wavegan.errors import RunError
from wavegan.training import checkpoint, random_state, storage
from wavegan.training.checkpoint import TrainState
from wavegan.training.guard import Problem
from wavegan.training.log import Listener, RunLog

TIMES = 3
"""Returns before training gives up; resuming starts a new count."""
FACTOR = 0.5
"""Factor of both learning rates at each return."""


@dataclass
class Recovery:
    """Restores the last checkpoint of a run.

    Attributes:
        run: the run's folder.
        train_state: networks, optimizers and progress.
        accelerator: processes.
        log: stores returns.
        listener: receives notes about returns.
        times: number of returns so far.
    """

    run: Path
    train_state: TrainState
    accelerator: Accelerator
    log: RunLog
    listener: Listener
    times: int = 0

    def go_back(self, why: Problem) -> None:
        """Restore networks, optimizers and random states from the last checkpoint.

        Args:
            why: the reason.

        Raises:
            RunError: there is no checkpoint, or training went back `TIMES` times already.
        """
        if not bundle.checkpoints(self.run) or self.times >= TIMES:
            raise RunError(self.diagnosis(why))
        self.times += 1
        target, before = checkpoint.last(self.run), self.train_state.progress
        states, _ = checkpoint.restore(target, self.train_state)
        random_state.restore(states, self.accelerator.process_index)
        now = self.train_state.progress = replace(
            self.train_state.progress,
            data=before.data,
            world=before.world,
            skipped=before.skipped,
            returns=before.returns + 1,
            rate=before.rate * FACTOR,
            streaks={},
        )
        if self.accelerator.is_main_process:
            facts = {"from": before.step, "number": now.returns, "rate": now.rate, "why": why.what}
            self.log.go_back(now.step)
            self.log.event("return", now.step, facts)
            rates = f"with both learning rates x {now.rate:g}"
            self.listener.note(f"{why.what}: going back to {target}, {rates}")
        self.accelerator.wait_for_everyone()

    def diagnosis(self, why: Problem) -> str:
        """The error text: what is wrong, which checkpoint is good, and what to do."""
        again = ""
        if self.times:
            rate = self.train_state.progress.rate
            again = f", also after going back {self.times} times, the last with rates x {rate:g}"
        good = storage.last_good(self.run)
        return (
            f"{why.what}{again} ({good}): {why.cause}; lower training.optimizer.lr or set "
            "training.clip_generator and training.clip_discriminator; the clips of skipped steps "
            f"are listed in {self.run / 'skipped'}"
        )
