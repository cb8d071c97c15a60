"""Whether the learning rates are so low that nothing is learnt any more."""

from wavegan.progress.history import History
from wavegan.progress.trouble import Trouble

GONE = 1e-3
"""Share of its highest below which a learning rate teaches nothing."""
LEAST = 1e-7
"""Rate below which the weights of no network here move."""
LATE = 0.95
"""Share of the run from which on the rate may be as low as that."""


def fallen(history: History, _improving: bool) -> Trouble | None:
    """The rate of both players is next to nothing while steps remain."""
    steps, rates = history.series("train", "rate/generator")
    if not rates or history.step >= LATE * history.total:
        return None
    highest = max(rates)
    lowest = max(GONE * highest, LEAST)
    if not rates[-1] < lowest:
        return None
    peak = rates.index(highest)
    since = next(s for s, r in zip(steps[peak:], rates[peak:], strict=True) if r < lowest)
    return Trouble(
        "rate gone",
        None,
        f"The learning rate has fallen to {rates[-1]:.1e} from {highest:.1e}, of {history.total:,} "
        f"steps: nothing is learnt any more since about step {since:,}."
        if rates[-1] < highest
        else f"The learning rate is {rates[-1]:.1e}: nothing is learnt at so low a rate.",
        "Go on with --resume and a slower training.schedule (a larger every, or a gamma nearer "
        "to 1), or a higher training.optimizer.lr, best from a checkpoint of before that.",
        "restart",
    )


def fallen_for_d(history: History, _improving: bool) -> Trouble | None:
    """D has a rate of its own, that falls as that of G does."""
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
    return Trouble(
        "rate gone",
        "D",
        f"The learning rate of D is {rate:.1e}: it learns nothing at so low a rate.",
        "Go on with --resume and a higher training.optimizer.discriminator_lr, or a slower "
        "training.schedule.",
        "restart",
    )
