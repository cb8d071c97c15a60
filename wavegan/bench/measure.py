"""Measure all settings of a model within a time budget.

Runs are interleaved: each round runs every setting once, so a change of the machine's speed in
between reaches all of them. Settings that would not fit the budget are left out before they run.
"""

import time
import warnings
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from typing import NamedTuple

import torch

from wavegan.bench import memory
from wavegan.bench.computer import cores
from wavegan.bench.flops import operations
from wavegan.bench.job import Job, first_of_short, first_of_stream, job
from wavegan.bench.opened import Model, Source, opened, used
from wavegan.bench.peak import EACH, SHAPES, Convolutions
from wavegan.bench.result import Latency, Result, Row
from wavegan.bench.setting import Engine, Setting
from wavegan.bench.timed import Timed
from wavegan.counted import counted
from wavegan.errors import UserError
from wavegan.generators.base import Generator
from wavegan.inference.engine.precision import DTYPES
from wavegan.inference.vocoder import Vocoder

LEAST = 3
"""Fewest runs of a setting."""

Show = Callable[[str], None]


class Plan(NamedTuple):
    """What to measure.

    Attributes:
        source: the model.
        network: its plain network, whose operations are counted.
        settings: those with the least audio first.
        runs: runs of each setting, at least `LEAST`.
        budget: about how many seconds it may take.
        end: when they are over, in seconds of `time.monotonic`.
    """

    source: Source
    network: Generator
    settings: Sequence[Setting]
    runs: int
    budget: float
    end: float


def measure(plan: Plan, result: Result, show: Show) -> None:
    """Fill a result. After Ctrl-C it is incomplete and says so.

    Args:
        plan: what to measure.
        result: gets the figures.
        show: called with what is done now.

    Raises:
        UserError: the model cannot be opened or run in any of the settings.
        KeyboardInterrupt: Ctrl-C before the first figure.
    """
    with _threads_restored(), warnings.catch_warnings():
        # that a precision is slow here, or an input unusual, is what the figures are for
        warnings.simplefilter("ignore")
        run = _Measurement(plan, result, show)
        try:
            run.open()
            run.warm_up()
            run.rounds(LEAST)
            run.memory()
            run.more_rounds()
        except KeyboardInterrupt:
            if not result.measured:
                raise
            result.interrupted = True
        finally:
            run.record_peaks()


@contextmanager
def _threads_restored() -> Iterator[None]:
    before = torch.get_num_threads()
    try:
        yield
    finally:
        torch.set_num_threads(before)


class _Measurement:
    """The models, the calls that are timed, and the time that is left."""

    def __init__(self, plan: Plan, result: Result, show: Show) -> None:
        self.plan, self.result, self.show = plan, result, show
        self.end = plan.end
        self.device = torch.device(plan.source.device)
        self.models: dict[Engine, Model] = {}
        self.timed: list[Timed] = []
        self.costs: dict[Setting, float] = {}
        self.convolutions: dict[Engine, Convolutions] = {}
        self.at_once = min(cores(), 4)

    def open(self) -> None:
        """Open the model once for each precision and number of threads."""
        failures: list[UserError] = []
        for engine in dict.fromkeys(setting.engine for setting in self.plan.settings):
            self.show(f"opening in {engine.precision}")
            torch.set_num_threads(engine.threads)
            try:
                self.models[engine] = opened(self.plan.source, engine.precision)
            except UserError as error:
                failures.append(error)
                self._leave_out(engine.precision, str(error))
        if not self.models:
            raise failures[0]

    def warm_up(self) -> None:
        """Call each setting for the first time, unless it would take too long."""
        counts: dict[float | None, int] = {}
        failures: list[Exception] = []
        for setting in self.plan.settings:
            model = self.models.get(setting.engine)
            if model is None or not self._fits(setting):
                continue
            self.show(f"warming up: {setting}")
            if setting.seconds not in counts:
                bands = model.n_mels if isinstance(model, Vocoder) else None
                rate = model.sample_rate
                counts[setting.seconds] = operations(
                    self.plan.network, setting.seconds, rate, bands
                )
            try:
                self._start(model, setting, setting.batch * counts[setting.seconds])
            except (UserError, RuntimeError, MemoryError) as error:
                failures.append(error)
                self._leave_out(str(setting), str(error) or "the memory is full")
        if not self.result.rows:
            raise failures[0]
        for engine in dict.fromkeys(row.setting.engine for row in self.result.rows):
            self._start_latency(engine)

    def _start(self, model: Model, setting: Setting, count: int) -> None:
        work = job(model, setting)
        took: list[float] = []
        timed = self._added(setting.engine, work, took)
        self.costs[setting] = timed.cost
        self.result.rows.append(Row(setting, used(model), work.audio, count, took))

    def _start_latency(self, engine: Engine) -> None:
        model = self.models[engine]
        short, stream = first_of_short(model), first_of_stream(model)
        latency = Latency(engine, used(model), short.audio)
        self._added(engine, short, latency.short)
        if stream is not None:
            self._added(engine, stream, latency.stream)
        self.result.latencies.append(latency)
        exact = used(model)
        known = Engine(exact, engine.threads)
        if known not in self.convolutions:
            self.convolutions[known] = Convolutions(DTYPES[exact], self.device)

    def _added(self, engine: Engine, work: Job, took: list[float]) -> Timed:
        timed = Timed(engine, work, self.device, took)
        timed.warm_up()
        self.timed.append(timed)
        return timed

    def _fits(self, setting: Setting) -> bool:
        """Whether the runs of a setting would fit; the first one of a model always does."""
        known = {s: cost for s, cost in self.costs.items() if s.engine == setting.engine}
        if not known:
            return True
        nearest = max(known, key=lambda each: each.work)
        took = known[nearest] * setting.work / nearest.work
        memory_of = (memory.STARTED + took) / self.at_once
        if (1 + LEAST) * took + memory_of <= self._left():
            return True
        needed = self.plan.budget - self._left() + (1 + LEAST) * took + memory_of
        self._leave_out(
            str(setting), f"a call takes about {took:.2g} s; --budget {needed:.0f} has room for it"
        )
        return False

    def _left(self) -> float:
        """Seconds that are not needed for the settings that have been started."""
        runs = LEAST * sum(timed.cost for timed in self.timed)
        processes = sum(memory.STARTED + cost for cost in self.costs.values()) / self.at_once
        return self.end - time.monotonic() - runs - processes

    def more_rounds(self) -> None:
        """Run everything as often as wanted, or as the budget allows."""
        wanted = self.plan.runs - LEAST
        each = sum(timed.cost for timed in self.timed)
        each += len(self.convolutions) * len(SHAPES) * EACH
        count = min(wanted, max(0, int((self.end - time.monotonic()) / each)))
        if count < wanted:
            self.result.notes.append(
                f"{LEAST + count} runs of each setting instead of {self.plan.runs}, because of "
                f"--budget {self.plan.budget:g}"
            )
        self.rounds(count)

    def rounds(self, count: int) -> None:
        """Run everything several times, in turns."""
        for number in range(count):
            self.show(f"round {number + 1} of {count}")
            for timed in self.timed:
                timed.run()
            for engine, convolutions in self.convolutions.items():
                torch.set_num_threads(engine.threads)
                convolutions.measure()

    def record_peaks(self) -> None:
        """Write the fastest convolutions into the rows."""
        for engine, convolutions in self.convolutions.items():
            best = convolutions.best
            self.result.peaks.append({**engine._asdict(), **best._asdict()})
            for row in self.result.rows:
                if (row.precision_used, row.setting.threads) == engine:
                    row.peak = best.gflops

    def memory(self) -> None:
        """Measure the memory of each setting in a process of its own."""
        rows = self.result.rows
        missing = 0
        for first in range(0, len(rows), self.at_once):
            part = rows[first : first + self.at_once]
            needed = memory.STARTED + len(part) * max(self.costs[row.setting] for row in part)
            if time.monotonic() + needed > self.end and first:
                missing += len(part)
                continue
            self.show(f"measuring memory: {first + len(part)} of {len(rows)}")
            found = memory.peaks(self.plan.source, [row.setting for row in part])
            for row, peak in zip(part, found, strict=True):
                row.memory = peak
        if missing:
            self.result.notes.append(
                f"memory of {counted(missing, 'setting')} was not measured, because of --budget "
                f"{self.plan.budget:g}"
            )

    def _leave_out(self, what: str, reason: str) -> None:
        self.result.left_out.append({"setting": what, "reason": reason.splitlines()[0]})
