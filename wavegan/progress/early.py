"""What to say of a run of too few steps, or validations, to speak of its course."""

from wavegan.counted import counted
from wavegan.progress.history import History
from wavegan.progress.pace import due, format_duration, seconds_to
from wavegan.progress.trend import FEWEST


def over(history: History, made: int) -> str:
    """Of one that has ended, with so many finite validations."""
    validations = counted(made, "validation")
    every = history.setting("training", "validate_every", 5000)
    enough = every * max(FEWEST, -(-history.early // every))
    return (
        f"It has ended, with {validations}: {_takes(history, made)}. Listen to its samples; to go "
        f"on: wavegan train --resume {history.run} training.steps={enough}."
    )


def waits(history: History, made: int) -> str:
    """Of one that goes on."""
    if made and history.total < history.early:
        return (
            "Wait: too early to tell, and this run is too short for a trend, which takes "
            f"{history.early:,} steps (training.steps)."
        )
    # those that were not finite do not count
    step = due(history, (FEWEST if made else 1) + len(history.validation) - made)
    if made < FEWEST and step is None:
        return (
            "Wait: too early to tell, and this run validates too seldom for a trend, which takes "
            f"{FEWEST} (training.validate_every)."
        )
    if made and (step is None or step < history.early):
        return f"Wait: {_takes(history, FEWEST)}{_when(history, history.early)}."
    which = "fourth" if made else "first"
    return f"Wait: the {which} validation is due at step {step:,}{_when(history, step or 0)}."


def _takes(history: History, made: int) -> str:
    """What a trend takes that is not there."""
    if made < FEWEST:
        return f"a trend takes {FEWEST} (training.validate_every)"
    return f"a trend takes {history.early:,} steps"


def _when(history: History, step: int) -> str:
    seconds = seconds_to(history, step)
    return "" if seconds is None else f", in about {format_duration(seconds)}"
