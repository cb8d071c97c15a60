"""Time a call: warm up, then runs of at least some milliseconds each."""

import math
import time

import torch

from wavegan.bench.job import Job, synchronized
from wavegan.bench.setting import Engine

SHORTEST = 0.05
"""Seconds. A run repeats a shorter call: the clock and other programs disturb it too much."""
LONG = 1.0
"""Seconds from which the first call is enough to warm up."""


class Timed:
    """A call whose runs are timed.

    Args:
        engine: threads to call it with.
        job: the call.
        device: the device to wait for.
        took: gets the seconds of each run, the mean over its calls.

    Attributes:
        cost: about how long one run takes, seconds; known after `warm_up`.
    """

    def __init__(self, engine: Engine, job: Job, device: torch.device, took: list[float]) -> None:
        self.engine, self.job, self.device, self.took = engine, job, device, took
        self.calls, self.cost = 1, 0.0

    def warm_up(self) -> None:
        """Call it once or twice, and choose the number of calls per run."""
        took = self._seconds(1)
        if took < LONG:
            took = self._seconds(1)
        self.calls = max(1, math.ceil(SHORTEST / took))
        self.cost = took * self.calls

    def run(self) -> None:
        """Time one run."""
        self.took.append(self._seconds(self.calls))

    def _seconds(self, calls: int) -> float:
        torch.set_num_threads(self.engine.threads)
        synchronized(self.device)
        start = time.perf_counter()
        for _ in range(calls):
            self.job.call()
        synchronized(self.device)
        return (time.perf_counter() - start) / calls
