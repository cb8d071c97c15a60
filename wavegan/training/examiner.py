"""Validate the generator during a run: measure, log, report; a signal ends it early."""

import shutil
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from accelerate import Accelerator
from torch import nn

from wavegan.interrupt import Interrupt, Phase, StoppedEarly
from wavegan.progress.adviser import Adviser
from wavegan.training import random_state
from wavegan.training.checkpoint import TrainState
from wavegan.training.log import Listener, RunLog
from wavegan.training.processes import any_process, meet
from wavegan.validation.base import Validation


@dataclass
class Examiner:
    """Validates the generator of a run.

    Attributes:
        run: the run's folder.
        steps: the run's last step.
        train_state: networks and progress.
        validation: measures the generator; decides which checkpoint is best.
        accelerator: device and processes.
        log: stores results.
        listener: receives results.
    """

    run: Path
    steps: int
    train_state: TrainState
    validation: Validation
    accelerator: Accelerator
    log: RunLog
    listener: Listener

    def __post_init__(self) -> None:
        self.adviser = Adviser(self.run, self.listener.note)

    def validate(self, interrupt: Interrupt) -> bool:
        """Measure held-out files on the main process; returns whether this step is the best."""
        progress = self.train_state.progress
        if self.accelerator.is_main_process:
            values = self.measure(interrupt)
            if values:
                self.record(values)
            if values is not None and progress.step < self.steps:
                self.adviser.report()
        meet(self.accelerator)
        return any_process(progress.best_step == progress.step, self.accelerator.device)

    def measure(self, interrupt: Interrupt) -> Mapping[str, float] | None:
        """The results of this step, or None if a signal ended the validation early."""
        discriminator = self.train_state.networks.get("discriminator")
        if interrupt.signal is not None:
            return None
        try:
            with (
                interrupt.during(Phase.VALIDATION),
                random_state.preserve_rng(self.accelerator.device),
            ):
                return self.validation(self.averaged(), discriminator, self.previews())
        except (StoppedEarly, Exception):
            if interrupt.signal is None:
                raise
            # a library may turn the signal's exception into another one
            shutil.rmtree(self.previews(), ignore_errors=True)
            return None

    def record(self, values: Mapping[str, float]) -> None:
        """Log and report the results of a validation, and update the best step."""
        progress = self.train_state.progress
        alarms = self.validation.alarms(progress.step, values, self.log.validations())
        value = values[self.validation.best]
        best = value < progress.best_value
        if best:
            progress.best_step, progress.best_value = progress.step, value
        self.log.write("validation", progress.step, values)
        self.listener.validation(progress.step, values, best)
        for alarm in alarms:
            self.listener.alarm(alarm)
            self.log.alarm(alarm)

    def preview(self, interrupt: Interrupt) -> None:
        """Write previews when a checkpoint is saved without a validation."""
        if interrupt.signal is not None or not self.accelerator.is_main_process:
            return
        try:
            with (
                interrupt.during(Phase.PREVIEW),
                random_state.preserve_rng(self.accelerator.device),
            ):
                self.validation.preview(self.averaged(), self.previews())
        except StoppedEarly:
            shutil.rmtree(self.previews(), ignore_errors=True)

    def is_empty(self) -> bool:
        """Whether this step has neither validation results nor previews."""
        validated = {line["step"] for line in self.log.validations()}
        return self.train_state.progress.step not in validated and not self.previews().exists()

    def averaged(self) -> nn.Module:
        """The generator for inference: averaged if kept."""
        ema = self.train_state.ema
        return (
            self.train_state.networks["generator"] if ema is None else ema.get_submodule("module")
        )

    def previews(self) -> Path:
        """The folder for previews of this step."""
        return self.log.place.here() / "samples" / f"{self.train_state.progress.step:08d}"
