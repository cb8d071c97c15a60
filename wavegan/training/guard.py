"""Watches over the steps of a run: those that were left out, and whether its weights are sound."""

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
"""Turns in a row of one player that may be left out before training goes back."""
TRIED = 3
"""Steps in a row whose clips are tried one by one: it takes a step for each."""


class Ailment(NamedTuple):
    """Why a run cannot go on as it is.

    Attributes:
        what: what is not finite, and when.
        cause: whose doing it is.
        grave: it will not pass by itself; else it is only not to be saved.
    """

    what: str
    cause: str
    grave: bool = True


@dataclass
class _Seen:
    """A step, until its scalars are read."""

    step: int
    numbers: range
    adversarial: bool
    logs: Logs


@dataclass
class Guard:
    """Reads which steps were left out, and says when a run cannot go on as it is.

    Attributes:
        run: the run's folder.
        step: the step that trains.
        train_state: networks, optimizers and progress.
        segments: reads the clips of a step again.
        accelerator: device and processes.
        log: steps that were left out are written down there.
        listener: is told of them.
        last: the last step that was left out, or None.
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
        """Take note of the step that follows `progress.step`; a CPU's scalars are read at once."""
        done, share = self.train_state.progress.step, len(batch.paths)
        place = done * self.accelerator.num_processes + self.accelerator.process_index
        numbers = range(place * share, (place + 1) * share)  # as the loader counts them
        self._seen.append(_Seen(done + 1, numbers, adversarial, logs))
        if self.accelerator.device.type == "cpu":
            self.read()

    def read(self) -> None:
        """Look at the steps since the last time; those that were left out are written down."""
        seen, self._seen = self._seen, []
        norms = [(at, name) for at in seen for name in at.logs if name.endswith("/grad_norm")]
        if not norms:
            return
        good = torch.stack([at.logs[name] for at, name in norms]).isfinite().tolist()
        left_out: dict[int, list[str]] = {}
        for (at, name), fine in zip(norms, good, strict=True):
            player = name.partition("/")[0]
            streaks = self.train_state.progress.streaks
            streaks[player] = 0 if fine else streaks.get(player, 0) + 1
            if not fine:
                left_out.setdefault(at.step, []).append(player)
        for at in seen:
            if at.step in left_out:
                self._tell(at, left_out[at.step])
            else:
                self._fine = at

    def _tell(self, at: _Seen, players: Sequence[str]) -> None:
        progress, device = self.train_state.progress, self.accelerator.device
        progress.skipped += 1
        values = torch.stack([value.float() for value in at.logs.values()]).tolist()

        def tried(items: Sequence[Item]) -> list[str]:
            return probe(self.step, items, device, adversarial=at.adversarial)

        few = max(progress.streaks.values()) <= TRIED
        skip = skips.found(
            at.step,
            players,
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

    def ailment(self, *, thorough: bool) -> Ailment | None:
        """Why the run cannot go on as it is; None: it can. Every process gets an answer alike.

        Args:
            thorough: look at every weight too, and try clips that were fine before.
        """
        stuck = self._stuck()
        return stuck or self._unsound() or self._doubt() if thorough else stuck

    def _stuck(self) -> Ailment | None:
        """Too many steps in a row that were left out."""
        longest = max(self.train_state.progress.streaks.values(), default=0)
        if longest < PATIENCE or self.last is None:
            return None
        return Ailment(f"{self.last.what}, {longest} times in a row", self.last.cause)

    def _unsound(self) -> Ailment | None:
        """A weight, an average or a moment that is not finite."""
        name = not_finite(self.train_state)
        if not any_process(name is not None, self.accelerator.device):
            return None
        what = f"{name or 'a weight'} is not finite at step {self.train_state.progress.step:,}"
        return Ailment(what, "the last steps were too large")

    def _doubt(self) -> Ailment | None:
        """A loss that is not finite for the clips of the last step that was not left out."""
        device, fine = self.accelerator.device, self._fine
        if fine is None:
            last = self.last
            return Ailment(last.what, last.cause, grave=False) if last else None
        items = skips.read(self.segments, fine.numbers)
        terms = probe(self.step, items, device, adversarial=fine.adversarial) if items else []
        if not any_process(bool(terms), device):
            return None
        name, step = terms[0] if terms else "a loss", self.train_state.progress.step
        why = "it was finite for the same clips before the last step"
        return Ailment(f"{name} is not finite at step {step:,}", why, grave=False)

    def forget(self) -> None:
        """Begin anew, at a checkpoint that training went back to."""
        self._seen, self._fine, self.last = [], None, None
