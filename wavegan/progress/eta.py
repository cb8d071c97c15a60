"""Estimate the time left in a run from the speed of its windows and the pauses between them."""

import math
from statistics import median

RECENT = 5
"""Windows whose median speed updates the smoothed speed, so one slow window changes nothing."""
PACE = 0.15
"""Smoothing factor of the logarithm of the speed."""
SOON = 10.0
"""Seconds. After a shorter first window there is no estimate yet, as first steps are slow."""
PAUSE = 0.05
"""Share of a window beyond which extra time counts as a pause."""


class Eta:
    """Seconds to the end of a run, updated with each window.

    Validations, checkpoints and previews take place between windows. Their time so far is spread
    over the steps up to the last of them, so the estimate does not jump at each. Before the first
    pause they are not included.

    Args:
        steps: last step of the run.
        began: start of training, in seconds of a clock.
    """

    def __init__(self, steps: int, began: float) -> None:
        self.steps = steps
        self._last = (0, began)
        self._origin = 0
        self._windows: list[float] = []
        self._smooth: float | None = None
        self._paused, self._paused_at = 0.0, 0

    def after(self, step: int, speed: float, now: float) -> float | None:
        """Seconds left after a window of steps; None if not known yet.

        Args:
            step: last step of the window.
            speed: steps per second in it, without pauses.
            now: current time, in seconds of the same clock.
        """
        before, then = self._last
        self._last = (step, now)
        if not speed > 0:
            return self._left(step)
        each = 1 / speed
        if self._smooth is None:
            # a resumed run does not begin at step 0, and reading its data took time, too
            self._origin = max(0, step - max(1, round((now - then) * speed)))
            first = step - self._origin
            self._smooth, self._windows = math.log(each), []
            return self._left(step) if first * each >= SOON else None
        took = (step - before) * each
        pause = now - then - took
        if pause > PAUSE * took:
            self._paused, self._paused_at = self._paused + pause, before
        elif step > before:
            each = (now - then) / (step - before)
        self._learn(math.log(max(each, 1e-9)))
        return self._left(step)

    def _learn(self, each: float) -> None:
        """Update with the logarithm of a window's seconds per step."""
        self._windows = [*self._windows, each][-RECENT:]
        usual = median(self._windows)
        if len(self._windows) == 1 or self._smooth is None:  # replaces that of the first window
            self._smooth = usual
        else:
            self._smooth += PACE * (usual - self._smooth)

    def _left(self, step: int) -> float | None:
        if self._smooth is None:
            return None
        done = self._paused_at - self._origin
        pauses = self._paused / done if done > 0 else 0.0
        return max(0, self.steps - step) * (math.exp(self._smooth) + pauses)
