"""The loop around the step: rates, logs, validation, checkpoints, a clean stop."""

import math
import time
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path

from accelerate import Accelerator
from torch import Tensor, nn

from wavegan import bundle
from wavegan.data.augment import Augment
from wavegan.data.batch import Batch
from wavegan.errors import RunError
from wavegan.recipe import Recipe
from wavegan.tasks.base import Condition
from wavegan.training import checkpoint, random_state
from wavegan.training.adaptive import Adaptive
from wavegan.training.advice import Adviser
from wavegan.training.checkpoint import Players
from wavegan.training.ema import EMA
from wavegan.training.interrupt import Interrupt
from wavegan.training.log import Listener, RunLog, Speed, Window
from wavegan.training.processes import any_process
from wavegan.training.schedule import factor, set_rate
from wavegan.training.step import Step
from wavegan.training.validate import Validation


@dataclass
class Trainer:
    """A run, ready to go on from `players.progress.step`. `setup.prepare` makes one.

    Attributes:
        run: the run's folder.
        recipe: resolved.
        step: the two turns.
        players: networks, optimizers, averaged generator, progress.
        config: the bundle's configuration.
        batches: makes the iterator of batches from a given step on.
        validation: measures the generator; decides which checkpoint is best.
        accelerator: device, processes, trackers.
        log: writes measurements down.
        listener: is told of them.
        adaptive: says how strongly to augment what D sees, or None.
        recent: the files of the last batch.
    """

    run: Path
    recipe: Recipe
    step: Step
    players: Players
    config: bundle.Config
    batches: Callable[[int], Iterator[Batch]]
    validation: Validation
    accelerator: Accelerator
    log: RunLog
    listener: Listener
    adaptive: Adaptive | None = None
    recent: list[str] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.adviser = Adviser(self.run, self.listener)

    def train(self, interrupt: Interrupt) -> None:
        """Train to `training.steps`, or until a signal; the last step is saved either way.

        Raises:
            RunError: a loss or a gradient is no longer finite; the last checkpoint stays good.
        """
        progress, window, clock = self.players.progress, Window(), _Clock()
        if self.adaptive is not None:
            self.adaptive.restore(progress.augment)
            self.set_strength(progress.augment.p)
        batches = self.batches(progress.step)
        while progress.step < self.recipe.training.steps:
            with clock.waiting():
                batch = self.next_batch(batches, interrupt)
            if batch is None:
                self.save()
                break
            window.add(self.one_step(batch))
            self.recent = batch.paths
            progress.step += 1
            clock.steps += 1
            stop = any_process(interrupt.signal is not None, self.accelerator.device)
            self.after_step(window, clock, stop)
            if stop:
                break
        if self.accelerator.is_main_process:
            self.adviser.tell(final=True)
        self.accelerator.wait_for_everyone()

    def after_step(self, window: Window, clock: "_Clock", stop: bool) -> None:
        """Report, validate and save where it is time to, and at the end."""
        step, training = self.players.progress.step, self.recipe.training
        last = step == training.steps
        validates = last or step % training.validate_every == 0
        saves = last or stop or step % training.checkpoint_every == 0
        if validates or saves or step % training.log_every == 0:
            self.report(window, clock)
        improved = validates and self.validate()
        if saves or improved:
            self.save()
        if saves and not (validates or stop):
            self.preview()
        if validates or saves:
            clock.restart()  # the time spent here is not training speed

    def next_batch(self, batches: Iterator[Batch], interrupt: Interrupt) -> Batch | None:
        """The next batch, or None where a signal to the whole group has ended the readers too."""
        try:
            return next(batches).to(self.accelerator.device, non_blocking=True)
        except RuntimeError:
            if interrupt.signal is None or self.accelerator.num_processes > 1:
                raise
            return None

    def one_step(self, batch: Batch) -> Mapping[str, Tensor]:
        """Set both players' rates, let them learn, update the average."""
        done, training = self.players.progress.step, self.recipe.training
        start = training.adversarial_from
        adversarial = self.step.discriminator is not None and done >= start
        base = training.optimizer.lr
        set_rate(
            self.step.generator.optimizer, base * factor(training.schedule, done, training.steps)
        )
        if self.step.discriminator and adversarial:
            share = factor(training.schedule, done - start, training.steps - start)
            rate = training.optimizer.discriminator_lr or base
            set_rate(self.step.discriminator.optimizer, rate * share)
        condition = Condition(batch.mel, batch.label, batch.number)
        logs = self.step(batch.audio, done, adversarial=adversarial, condition=condition)
        if self.adaptive is not None and "discriminator/sign" in logs:
            sign = self.accelerator.reduce(logs["discriminator/sign"], reduction="mean")
            self.set_strength(self.adaptive.observe(sign))
        if isinstance(self.players.ema, EMA) and "generator/total" in logs:
            self.players.ema.update_parameters(self.step.generator.network)
        return logs

    def set_strength(self, p: float) -> None:
        """Augment with this probability from here on."""
        if isinstance(self.step.augment, Augment):
            self.step.augment.p = p

    def report(self, window: Window, clock: "_Clock") -> None:
        """Write down the window's means and tell the listener; refuse to go on with a NaN."""
        step = self.players.progress.step
        speed = clock.speed(self.recipe, self.config.mel.sample_rate)
        values = window.mean(self.accelerator)
        if not values:
            return
        if isinstance(self.step.augment, Augment):
            values["discriminator/augment"] = self.step.augment.p
        values["rate/generator"] = self.step.generator.optimizer.param_groups[0]["lr"]
        written = {"speed/steps": speed.steps, "speed/audio": speed.audio, "speed/wait": speed.wait}
        self.log.write("train", step, values | written)
        self.listener.train(step, values, speed)
        # a term is named before the total and the norm that it spoils
        terms = sorted(values, key=lambda name: name.endswith(("/total", "/grad_norm")))
        broken = [name for name in terms if not math.isfinite(values[name])]
        if broken:
            kept = bundle.checkpoints(self.run)
            where = (
                f"the last good checkpoint is {kept[max(kept)]}" if kept else "none was saved yet"
            )
            raise RunError(
                f"{broken[0]} is not finite at step {step} ({where}); lower "
                f"training.optimizer.lr or set training.clip_generator and "
                f"training.clip_discriminator; the last batch held {', '.join(self.recent[:4])}"
            )

    def validate(self) -> bool:
        """Measure held-out files on the main process; whether this is the best step so far."""
        progress = self.players.progress
        if self.accelerator.is_main_process:
            judge = self.players.networks.get("discriminator")
            with random_state.set_aside(self.accelerator.device):
                values = self.validation(self.averaged(), judge, self.previews())
            if values:
                self.judged(values)
            if progress.step < self.recipe.training.steps:
                self.adviser.tell()
        self.accelerator.wait_for_everyone()
        return any_process(progress.best_step == progress.step, self.accelerator.device)

    def judged(self, values: Mapping[str, float]) -> None:
        """Write down and tell what a validation measured, and whether it is the best so far."""
        progress = self.players.progress
        alarms = self.validation.alarms(values, self.log.validations())
        value = values[self.validation.best]
        best = value < progress.best_value
        if best:
            progress.best_step, progress.best_value = progress.step, value
        self.log.write("validation", progress.step, values)
        self.listener.validation(progress.step, values, best)
        for alarm in alarms:
            self.listener.note(f"alarm at step {progress.step:,}: {alarm}")
            self.log.alarm(progress.step, alarm)

    def preview(self) -> None:
        """Write previews where nothing is measured."""
        if self.accelerator.is_main_process:
            with random_state.set_aside(self.accelerator.device):
                self.validation.preview(self.averaged(), self.previews())

    def averaged(self) -> nn.Module:
        """The generator that inference would get."""
        ema = self.players.ema
        return self.players.networks["generator"] if ema is None else ema.get_submodule("module")

    def previews(self) -> Path:
        """Where the previews of this step go."""
        return self.run / "samples" / f"{self.players.progress.step:08d}"

    def save(self) -> None:
        """Write a checkpoint and drop the old ones; only the main process touches the disk."""
        random = random_state.gather()
        progress = self.players.progress
        if self.adaptive is not None:
            progress.augment = self.adaptive.state()
        if self.accelerator.is_main_process:
            config = bundle.at_step(self.config, progress.step)
            checkpoint.save(self.run, self.players, config, random)
            if progress.best_step == progress.step:
                checkpoint.mark_best(self.run, progress, self.validation.best)
            checkpoint.prune(self.run, self.recipe.training.keep_last, progress.best_step)
        self.accelerator.wait_for_everyone()


class _Clock:
    """Time spent training and waiting since the last report."""

    def __init__(self) -> None:
        self.steps = 0
        self.waited = 0.0
        self.start = time.perf_counter()

    def waiting(self) -> "_Clock":
        return self

    def __enter__(self) -> None:
        self.entered = time.perf_counter()

    def __exit__(self, *_: object) -> None:
        self.waited += time.perf_counter() - self.entered

    def speed(self, recipe: Recipe, sample_rate: int) -> Speed:
        seconds = max(time.perf_counter() - self.start, 1e-9)
        audio = self.steps * recipe.training.batch_size * recipe.data.segment / sample_rate
        speed = Speed(self.steps / seconds, audio / seconds, self.waited / seconds)
        self.restart()
        return speed

    def restart(self) -> None:
        self.steps, self.waited, self.start = 0, 0.0, time.perf_counter()
