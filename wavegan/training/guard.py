"""Watch the steps of a run: which were skipped, and whether weights and losses are finite."""

from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import NamedTuple

import torch
from accelerate import Accelerator

from wavegan.data.batch import Batch
from wavegan.data.segments import Item, Segments
from wavegan.training import skips
from wavegan.training.checkpoint import TrainState
from wavegan.training.finite import not_finite
from wavegan.training.log import Listener, RunLog
from wavegan.training.probe import broken, probe
from wavegan.training.processes import any_process
from wavegan.training.step import Logs, Step

PATIENCE = 10
"""Skipped turns of one network in a row before training goes back to a checkpoint."""
TRIED = 3
"""Skipped steps in a row whose clips are tried one at a time, which costs a step per clip."""


class Problem(NamedTuple):
    """Why a run cannot continue or save.

    Attributes:
        what: what is not finite, and when.
        cause: the probable cause.
        severe: training must go back; otherwise it continues without saving.
    """

    what: str
    cause: str
    severe: bool = True


@dataclass
class _Seen:
    """A step whose scalars are not read yet."""

    step: int
    numbers: range
    adversarial: bool
    logs: Logs


@dataclass
class Guard:
    """Finds skipped steps, and reports when a run cannot continue.

    Attributes:
        run: the run's folder.
        step: the training step.
        train_state: networks, optimizers and progress.
        segments: reads the clips of a step again.
        accelerator: device and processes.
        log: stores skipped steps.
        listener: receives notes about skipped steps.
        last: the last skipped step, or None.
    """

    run: Path
    step: Step
    train_state: TrainState
    segments: Segments
    accelerator: Accelerator
    log: RunLog
    listener: Listener
    last: skips.Skip | None = None
    _seen: list[_Seen] = field(default_factory=list)
    _fine: _Seen | None = None

    def see(self, batch: Batch, logs: Logs, *, adversarial: bool) -> None:
        """Add the step after `progress.step`; on a CPU its scalars are read immediately."""
        done, share = self.train_state.progress.step, len(batch.paths)
        place = done * self.accelerator.num_processes + self.accelerator.process_index
        numbers = range(place * share, (place + 1) * share)  # as the loader counts them
        self._seen.append(_Seen(done + 1, numbers, adversarial, logs))
        if self.accelerator.device.type == "cpu":
            self.read()

    def read(self) -> None:
        """Read the scalars of the steps since the last call, and log skipped steps."""
        seen, self._seen = self._seen, []
        norms = [(at, name) for at in seen for name in at.logs if name.endswith("/grad_norm")]
        if not norms:
            return
        good = torch.stack([at.logs[name] for at, name in norms]).isfinite().tolist()
        left_out: dict[int, list[str]] = {}
        for (at, name), fine in zip(norms, good, strict=True):
            network = name.partition("/")[0]
            streaks = self.train_state.progress.streaks
            streaks[network] = 0 if fine else streaks.get(network, 0) + 1
            if not fine:
                left_out.setdefault(at.step, []).append(network)
        for at in seen:
            if at.step in left_out:
                self._record(at, left_out[at.step])
            else:
                self._fine = at

    def _record(self, at: _Seen, networks: Sequence[str]) -> None:
        progress, device = self.train_state.progress, self.accelerator.device
        progress.skipped += 1
        values = torch.stack([value.float() for value in at.logs.values()]).tolist()

        def tried(items: Sequence[Item]) -> list[str]:
            return probe(self.step, items, device, adversarial=at.adversarial)

        few = max(progress.streaks.values()) <= TRIED
        skip = skips.found(
            at.step,
            networks,
            broken(list(at.logs), values),
            at.numbers,
            self.segments,
            tried if few else None,
        )
        self.last = skip if few or self.last is None else replace(skip, guilty=self.last.guilty)
        if self.accelerator.is_main_process:
            self.log.event("skip", at.step, skip.write(self.log.place.here(), progress.skipped))
            if few:
                self.listener.note(str(skip))

    def problem(self, *, thorough: bool) -> Problem | None:
        """Why the run cannot continue or save, or None; equal in all processes.

        Args:
            thorough: also check every weight, and try clips that were fine before.
        """
        stuck = self._stuck()
        return stuck or self._unsound() or self._doubt() if thorough else stuck

    def _stuck(self) -> Problem | None:
        """Too many skipped turns in a row."""
        longest = max(self.train_state.progress.streaks.values(), default=0)
        if longest < PATIENCE or self.last is None:
            return None
        return Problem(f"{self.last.what}, {longest} times in a row", self.last.cause)

    def _unsound(self) -> Problem | None:
        """A weight, an average or a moment that is not finite."""
        name = not_finite(self.train_state)
        if not any_process(name is not None, self.accelerator.device):
            return None
        what = f"{name or 'a weight'} is not finite at step {self.train_state.progress.step:,}"
        return Problem(what, "the last steps were too large")

    def _doubt(self) -> Problem | None:
        """A loss that is not finite for the clips of the last step that was not skipped."""
        device, fine = self.accelerator.device, self._fine
        if fine is None:
            last = self.last
            return Problem(last.what, last.cause, severe=False) if last else None
        items = skips.read(self.segments, fine.numbers)
        terms = probe(self.step, items, device, adversarial=fine.adversarial) if items else []
        if not any_process(bool(terms), device):
            return None
        name, step = terms[0] if terms else "a loss", self.train_state.progress.step
        why = "it was finite for the same clips before the last step"
        return Problem(f"{name} is not finite at step {step:,}", why, severe=False)

    def forget(self) -> None:
        """Reset, after training went back to a checkpoint."""
        self._seen, self._fine, self.last = [], None, None
