"""Back to the last good checkpoint at a lower rate, some times; then an end with a diagnosis."""

from dataclasses import dataclass, replace
from pathlib import Path

from accelerate import Accelerator

from wavegan import bundle
from wavegan.errors import RunError
from wavegan.training import checkpoint, random_state
from wavegan.training.checkpoint import TrainState
from wavegan.training.guard import Ailment
from wavegan.training.log import Listener, RunLog

TIMES = 3
"""How often training goes back until it gives up; a new start may again."""
FACTOR = 0.5
"""What both learning rates are multiplied by each time."""


@dataclass
class Recovery:
    """Brings the networks of a run back to its last checkpoint.

    Attributes:
        run: the run's folder.
        train_state: networks, optimizers and progress.
        accelerator: processes.
        log: returns are written down there.
        listener: is told of them.
        times: how often it went back so far.
    """

    run: Path
    train_state: TrainState
    accelerator: Accelerator
    log: RunLog
    listener: Listener
    times: int = 0

    def go_back(self, why: Ailment) -> None:
        """Restore all that learns, and its random numbers, as the last checkpoint has them.

        Args:
            why: the run cannot go on as it is.

        Raises:
            RunError: there is no checkpoint, or it went back as often as makes sense.
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
            rates = f"both learning rates x {now.rate:g} from there on"
            self.listener.note(f"{why.what}: back to {target}, {rates}")
        self.accelerator.wait_for_everyone()

    def diagnosis(self, why: Ailment) -> str:
        """What is wrong, what is safe, and what to do."""
        again = ""
        if self.times:
            rate = self.train_state.progress.rate
            again = f", again after going back {self.times} times, the last at rates x {rate:g}"
        return (
            f"{why.what}{again} ({self.safe()}): {why.cause}; lower training.optimizer.lr or set "
            "training.clip_generator and training.clip_discriminator; the clips of the steps that "
            f"were left out are in {self.run / 'skipped'}"
        )

    def safe(self) -> str:
        """Which checkpoint is good."""
        kept = bundle.checkpoints(self.run)
        return f"the last good checkpoint is {kept[max(kept)]}" if kept else "none was saved yet"
