"""Time several calls in turns, so that a change of the machine's speed reaches all of them."""

import statistics
import time
from collections.abc import Callable, Mapping
from typing import NamedTuple

PAUSE = 0.02
"""Seconds before a run, in which the threads of the one before stop waiting for work."""


class Spread(NamedTuple):
    """A median with the smallest and the largest value."""

    median: float
    least: float
    most: float


def run(calls: Mapping[str, Callable[[], object]], runs: int) -> dict[str, list[float]]:
    """Seconds of each run of each call, after one call of each to warm up."""
    for call in calls.values():
        call()
    took: dict[str, list[float]] = {name: [] for name in calls}
    for _ in range(runs):
        for name, call in calls.items():
            time.sleep(PAUSE)
            start = time.perf_counter()
            call()
            took[name].append(time.perf_counter() - start)
    return took


def spread(values: list[float]) -> Spread:
    """The median and the range."""
    return Spread(statistics.median(values), min(values), max(values))


def ratios(took: Mapping[str, list[float]], first: str) -> dict[str, Spread]:
    """How many times as fast as the first each call is: compared round by round."""
    return {
        name: spread([a / b for a, b in zip(took[first], values, strict=True)])
        for name, values in took.items()
    }
