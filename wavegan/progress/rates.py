"""Find learning rates that are too low to learn anything."""

from wavegan.progress.alarm import Alarm
from wavegan.progress.history import History
from wavegan.progress.thresholds import GONE, LATE, LEAST


def fallen(history: History, _improving: bool) -> Alarm | None:
    """The rate of both networks is almost zero while steps remain."""
    steps, rates = history.series("train", "rate/generator")
    if not rates or history.step >= LATE * history.total:
        return None
    highest = max(rates)
    lowest = max(GONE * highest, LEAST)
    if not rates[-1] < lowest:
        return None
    peak = rates.index(highest)
    since = next(s for s, r in zip(steps[peak:], rates[peak:], strict=True) if r < lowest)
    seen = {"rate": rates[-1], "highest": highest, "since": since, "steps": history.total}
    return Alarm("rate gone", None, "restart", history.step, seen)


def fallen_of_d(history: History, _improving: bool) -> Alarm | None:
    """The separate rate of D, which follows the schedule of G's, is almost zero."""
    optimizer, rates = (
        history.section("training", "optimizer"),
        history.series("train", "rate/generator")[1],
    )
    own, base = optimizer.get("discriminator_lr"), optimizer.get("lr", 2e-4)
    if not (rates and isinstance(own, int | float) and isinstance(base, int | float) and base > 0):
        return None
    rate = own * rates[-1] / base
    if rate >= LEAST or history.step >= LATE * history.total:
        return None
    return Alarm("rate gone", "discriminator", "restart", history.step, {"rate": rate})
