"""The loop around the step: rates, logs, validation, checkpoints, a clean stop."""

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import NoReturn

from accelerate import Accelerator
from torch import Tensor

from wavegan import bundle
from wavegan.data.augment import Augment
from wavegan.data.batch import Batch
from wavegan.data.segments import Segments
from wavegan.errors import RunError
from wavegan.interrupt import Interrupt, Phase
from wavegan.recipe import Recipe
from wavegan.training.adaptive import Adaptive
from wavegan.training.checkpoint import TrainState
from wavegan.training.clock import Clock
from wavegan.training.due import Due
from wavegan.training.ema import EMA
from wavegan.training.examiner import Examiner
from wavegan.training.guard import Guard, Problem
from wavegan.training.heartbeat import Heartbeat, end_process
from wavegan.training.log import Listener, RunLog, Window
from wavegan.training.processes import any_process, largest, mean, meet, together
from wavegan.training.recovery import Recovery
from wavegan.training.saving import Saver
from wavegan.training.schedule import factor, set_rate
from wavegan.training.step import Step
from wavegan.validation.base import Validation


@dataclass
class Trainer:
    """A run, ready to train from `train_state.progress.step`. Built by `setup.prepare`.

    Attributes:
        run: the run's folder.
        recipe: resolved.
        step: the training step.
        train_state: networks, optimizers, averaged generator, progress.
        config: the bundle's configuration.
        batches: makes the iterator of batches from a given step.
        validation: measures the generator; decides which checkpoint is best.
        accelerator: device, processes, trackers.
        log: stores measurements.
        listener: receives measurements and notes.
        adaptive: controls the strength of augmentation, or None.
        segments: reads clips of a step again.
    """

    run: Path
    recipe: Recipe
    step: Step
    train_state: TrainState
    config: bundle.Config
    batches: Callable[[int], Iterator[Batch]]
    validation: Validation
    accelerator: Accelerator
    log: RunLog
    listener: Listener
    segments: Segments
    adaptive: Adaptive | None = None

    def __post_init__(self) -> None:
        self.examiner = Examiner(
            run=self.run,
            steps=self.recipe.training.steps,
            train_state=self.train_state,
            validation=self.validation,
            accelerator=self.accelerator,
            log=self.log,
            listener=self.listener,
        )
        self.adviser, self.trouble = self.examiner.adviser, ""
        self.guard = Guard(
            run=self.run,
            step=self.step,
            train_state=self.train_state,
            segments=self.segments,
            accelerator=self.accelerator,
            log=self.log,
            listener=self.listener,
        )
        self.saver = Saver(
            place=self.log.place,
            keep_last=self.recipe.training.keep_last,
            metric=self.validation.best,
            train_state=self.train_state,
            config=self.config,
            adaptive=self.adaptive,
            guard=self.guard,
            accelerator=self.accelerator,
            listener=self.listener,
        )
        self.recovery = Recovery(
            self.run, self.train_state, self.accelerator, self.log, self.listener
        )

    def train(self, interrupt: Interrupt) -> None:
        """Train to `training.steps`, or until a signal; the last step is saved in both cases.

        Raises:
            RunError: losses or weights are not finite, and going back to a checkpoint did not help
                (the last checkpoint stays good); a data loader was killed; the run's folder was
                moved; or a file cannot be written.
        """
        accelerator = self.accelerator
        heartbeat = Heartbeat(
            self.run,
            accelerator.process_index,
            accelerator.num_processes,
            lambda: (self.train_state.progress.step, interrupt.phase.name),
            end=end_process,
        )
        heartbeat.start()
        try:
            self.learn(interrupt)
        finally:
            heartbeat.stop()

    def learn(self, interrupt: Interrupt) -> None:
        """The training loop."""
        window, clock, begun = Window(), Clock(), self.train_state.progress.step
        self.restore_strength()
        interrupt.phase = Phase.STEP
        if self.accelerator.is_main_process and begun:
            # the run may have been killed, or had no room, right after its last checkpoint
            self.saver.tidy(mark=True)
        batches, leave = self.batches(begun), self.catch_up(interrupt)
        while not leave and self.train_state.progress.step < self.recipe.training.steps:
            with clock.waiting():
                batch = self.next_batch(batches)
            if any_process(batch is None, self.accelerator.device) or batch is None:
                self.leave(interrupt, begun)
            window.add(self.one_step(batch))
            self.train_state.progress.step += 1
            clock.steps += 1
            due = self.due(interrupt)
            if due.read:
                self.report(window, clock)
                self.saver.check_place(interrupt)
            problem = self.guard.problem(thorough=due.sound)
            if problem is None:
                leave = self.after_step(due, clock, interrupt)
            elif due.stop or not (problem.severe or due.last):
                self.saver.not_saved(problem)
                leave = due.stop
            else:
                batches = self.go_back(problem, window, clock)
        interrupt.phase = Phase.ENDING
        if self.accelerator.is_main_process:
            self.adviser.report(final=True)
        meet(self.accelerator)

    def catch_up(self, interrupt: Interrupt) -> bool:
        """Validate the resumed checkpoint if a signal prevented that; returns whether to stop."""
        step, training = self.train_state.progress.step, self.recipe.training
        due = step > 0 and (step == training.steps or step % training.validate_every == 0)
        due = any_process(due and self.examiner.is_empty(), self.accelerator.device)
        if due and self.examiner.validate(interrupt):
            self.saver.save(interrupt)
        return self.asked_to_stop(interrupt)

    def due(self, interrupt: Interrupt) -> Due:
        """The actions that are due after this step."""
        step, training = self.train_state.progress.step, self.recipe.training
        last = step == training.steps
        return Due(
            logs=step % training.log_every == 0,
            validates=last or step % training.validate_every == 0,
            saves=last or step % training.checkpoint_every == 0,
            stop=self.asked_to_stop(interrupt),
            last=last,
        )

    def after_step(self, due: Due, clock: Clock, interrupt: Interrupt) -> bool:
        """Validate and save if due; returns whether to stop."""
        improved = due.validates and self.examiner.validate(interrupt)
        stop = due.stop or (due.validates and self.asked_to_stop(interrupt))
        if due.saves or improved or stop:
            self.saver.save(interrupt)
            if due.saves and not (due.validates or stop):
                self.examiner.preview(interrupt)
            stop = self.asked_to_stop(interrupt)
        else:
            stop = False
        if due.validates or due.saves:
            clock.restart()  # the time spent here is not training speed
        return stop

    def go_back(self, problem: Problem, window: Window, clock: Clock) -> Iterator[Batch]:
        """Go back to the last checkpoint with lower learning rates; returns the batches from it."""
        self.recovery.go_back(problem)
        self.guard.forget()
        self.restore_strength()
        window.clear()
        clock.restart()
        return self.batches(self.train_state.progress.step)

    def asked_to_stop(self, interrupt: Interrupt) -> bool:
        """Whether any process got a signal; then all processes act on it."""
        number = largest(interrupt.signal or 0, self.accelerator.device)
        if number and interrupt.signal is None:
            interrupt.signal = number
        return number > 0

    def next_batch(self, batches: Iterator[Batch]) -> Batch | None:
        """The next batch, or None if reading failed; `trouble` then has the reason."""
        try:
            return next(batches).to(self.accelerator.device, non_blocking=True)
        except (RuntimeError, OSError) as error:
            lines = str(error).strip().splitlines() or [repr(error)]
            self.trouble = lines[-1]
            return None

    def leave(self, interrupt: Interrupt, begun: int) -> NoReturn:
        """Save the last complete step, if any since step `begun`, and end the run.

        Raises:
            RunError: always; it names the failing process and the reason.
        """
        step, trouble = self.train_state.progress.step, together(self.trouble)
        if step > begun:
            self.saver.save_if_sound(interrupt)
        saved = f"saved at step {step:,}" if step > begun else "no step was done since the start"
        raise RunError(f"{trouble}; {saved}; resume with: wavegan train --resume {self.run}")

    def one_step(self, batch: Batch) -> Mapping[str, Tensor]:
        """Set both learning rates, run the step, update the averaged generator."""
        done, training = self.train_state.progress.step, self.recipe.training
        start = training.adversarial_from
        adversarial = self.step.discriminator is not None and done >= start
        lower = self.train_state.progress.rate
        base = training.optimizer.lr * lower
        set_rate(
            self.step.generator.optimizer, base * factor(training.schedule, done, training.steps)
        )
        if self.step.discriminator and adversarial:
            share = factor(training.schedule, done - start, training.steps - start)
            rate = (training.optimizer.discriminator_lr or training.optimizer.lr) * lower
            set_rate(self.step.discriminator.optimizer, rate * share)
        logs = self.step(batch.audio, done, adversarial=adversarial, conditions=batch.conditions)
        self.guard.see(batch, logs, adversarial=adversarial)
        if self.adaptive is not None and "discriminator/sign" in logs:
            sign = mean(self.accelerator, logs["discriminator/sign"])
            self.set_strength(self.adaptive.observe(sign))
        if isinstance(self.train_state.ema, EMA) and "generator/total" in logs:
            self.train_state.ema.update_parameters(self.step.generator.network)
        return logs

    def restore_strength(self) -> None:
        """Restore the strength of augmentation from progress."""
        if self.adaptive is not None:
            self.adaptive.restore(self.train_state.progress.augment)
            self.set_strength(self.train_state.progress.augment.p)

    def set_strength(self, p: float) -> None:
        """Set the probability of augmentation."""
        if isinstance(self.step.augment, Augment):
            self.step.augment.p = p

    def report(self, window: Window, clock: Clock) -> None:
        """Log and report the means of the window."""
        step = self.train_state.progress.step
        self.guard.read()
        speed = clock.speed(self.recipe, self.config.sample_rate)
        values = window.mean(self.accelerator)
        if not values:
            return
        if isinstance(self.step.augment, Augment):
            values["discriminator/augment"] = self.step.augment.p
        values["rate/generator"] = self.step.generator.optimizer.param_groups[0]["lr"]
        speeds = {"speed/steps": speed.steps, "speed/audio": speed.audio, "speed/wait": speed.wait}
        self.log.write("train", step, values | speeds)
        self.listener.train(step, values, speed)
