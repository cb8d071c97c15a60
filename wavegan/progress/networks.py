"""Who takes part in a training, and whether so much is known of them that they are well."""

from wavegan.progress.alarm import Network
from wavegan.progress.health import accuracies
from wavegan.progress.history import History
from wavegan.progress.thresholds import ENOUGH

EARLY_TO_TELL = "too early to tell"


def unsure(history: History) -> str | None:
    """Why it is too early to tell whether the networks are healthy; None: it is not."""
    if len(history.train) < ENOUGH:
        return f"{len(history.train)} of the {ENOUGH} windows of steps that it takes"
    return f"it takes {history.early:,} steps" if history.step < history.early else None


def players(history: History) -> dict[Network, str]:
    """Who takes part: `healthy` if nothing else is known by then, or that D was not measured."""
    well = "healthy" if unsure(history) is None else EARLY_TO_TELL
    state: dict[Network, str] = {"generator": well}
    if not history.recipe.get("discriminators"):
        return state
    start = history.setting("training", "adversarial_from", 0)
    if history.step <= start:
        return {**state, "discriminator": f"not in play before step {start:,}"}
    measured = accuracies(history) or any("accuracy_real" in v for v in history.validation)
    return {**state, "discriminator": well if measured else "not measured"}


def sentence(history: History) -> str:
    """How they are where no trouble is known; nothing where no window was written down."""
    if not history.train:
        return ""
    state, why = players(history), unsure(history)
    judge = state.get("discriminator")
    other = "; there is no D" if judge is None else f"; D is {judge}"
    both = judge == state["generator"]
    who, verb = ("D and G", "are") if both else ("G", "is")
    if why is not None:
        rest = "" if both else other
        return f"Whether {who} {verb} healthy is {EARLY_TO_TELL} ({why}){rest}."
    return f"{who} {verb} healthy{'' if both else other}."
