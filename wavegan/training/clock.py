"""Measure training speed and the time spent waiting for data."""

import time

from wavegan.recipe import Recipe
from wavegan.training.log import Speed


class Clock:
    """Time spent training and waiting since the last report."""

    def __init__(self) -> None:
        self.steps = 0
        self.waited = 0.0
        self.start = time.perf_counter()

    def waiting(self) -> "Clock":
        """Context manager: time inside `with clock.waiting()` counts as waiting."""
        return self

    def __enter__(self) -> None:
        self.entered = time.perf_counter()

    def __exit__(self, *_: object) -> None:
        self.waited += time.perf_counter() - self.entered

    def speed(self, recipe: Recipe, sample_rate: int) -> Speed:
        """The speed since the last call; restarts the clock."""
        seconds = max(time.perf_counter() - self.start, 1e-9)
        audio = self.steps * recipe.training.batch_size * recipe.data.segment / sample_rate
        speed = Speed(self.steps / seconds, audio / seconds, self.waited / seconds)
        self.restart()
        return speed

    def restart(self) -> None:
        """Start counting from zero."""
        self.steps, self.waited, self.start = 0, 0.0, time.perf_counter()
