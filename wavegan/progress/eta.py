"""How long a run still takes, by the windows of steps so far and the pauses between them."""

import math
from statistics import median

RECENT = 5
"""Windows of whose middle speed the smoothed one learns: one slow window changes nothing."""
PACE = 0.15
"""Share of the way, in the logarithm, that the smoothed speed goes to that of recent windows."""
SOON = 10.0
"""Seconds of a first window below which the second is waited for: first steps are slow."""
PAUSE = 0.05
"""Share of a window beyond which what it took longer than its steps is a pause."""


class Eta:
    """Seconds to the end of a run, told window by window.

    Validations, checkpoints and previews lie between windows. What they took so far is spread over
    the steps up to the last of them, so the estimate neither falls from one to the next nor leaps
    at each. Before the first one nothing is known of them.

    Args:
        steps: the run's last step.
        began: when training began, in seconds of a clock.
    """

    def __init__(self, steps: int, began: float) -> None:
        self.steps = steps
        self._last = (0, began)
        self._origin = 0
        self._windows: list[float] = []
        self._smooth: float | None = None
        self._paused, self._paused_at = 0.0, 0

    def after(self, step: int, speed: float, now: float) -> float | None:
        """Seconds to go after a window of steps; None: not known yet.

        Args:
            step: the window's last.
            speed: steps per second in it, pauses not counted.
            now: seconds of the same clock.
        """
        before, then = self._last
        self._last = (step, now)
        if not speed > 0:
            return self._left(step)
        each = 1 / speed
        if self._smooth is None:
            # a run that goes on does not begin at step 0; reading its data took time, too
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
        """Take the logarithm of a window's seconds a step into account."""
        self._windows = [*self._windows, each][-RECENT:]
        usual = median(self._windows)
        if len(self._windows) == 1 or self._smooth is None:  # the first window is not counted on
            self._smooth = usual
        else:
            self._smooth += PACE * (usual - self._smooth)

    def _left(self, step: int) -> float | None:
        if self._smooth is None:
            return None
        done = self._paused_at - self._origin
        pauses = self._paused / done if done > 0 else 0.0
        return max(0, self.steps - step) * (math.exp(self._smooth) + pauses)
