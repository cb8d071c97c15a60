"""State of the networks of a run, as far as it is known."""

from wavegan.progress.alarm import Network
from wavegan.progress.health import accuracies
from wavegan.progress.history import History
from wavegan.progress.thresholds import ENOUGH

EARLY_TO_TELL = "too early to tell"


def why_unsure(history: History) -> str | None:
    """Why it is too early to tell whether the networks are healthy; None if it is not."""
    if len(history.train) < ENOUGH:
        return f"{len(history.train)} of {ENOUGH} required windows of steps"
    return f"{history.early:,} steps are required" if history.step < history.early else None


def states(history: History) -> dict[Network, str]:
    """State of each network: `healthy` if nothing else is known, or why that is unknown."""
    well = "healthy" if why_unsure(history) is None else EARLY_TO_TELL
    state: dict[Network, str] = {"generator": well}
    if not history.recipe.get("discriminators"):
        return state
    start = history.setting("training", "adversarial_from", 0)
    if history.step <= start:
        return {**state, "discriminator": f"not used before step {start:,}"}
    measured = accuracies(history) or any("accuracy_real" in v for v in history.validation)
    return {**state, "discriminator": well if measured else "not measured"}


def sentence(history: History) -> str:
    """A sentence for networks without known problems; empty if no window is recorded."""
    if not history.train:
        return ""
    state, why = states(history), why_unsure(history)
    of_d = state.get("discriminator")
    other = "; there is no D" if of_d is None else f"; D is {of_d}"
    both = of_d == state["generator"]
    who, verb = ("D and G", "are") if both else ("G", "is")
    if why is not None:
        rest = "" if both else other
        return f"Whether {who} {verb} healthy is {EARLY_TO_TELL} ({why}){rest}."
    return f"{who} {verb} healthy{'' if both else other}."
