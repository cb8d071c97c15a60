"""Advice for a run with too few steps or validations for a trend."""

from wavegan.counted import counted
from wavegan.progress.history import History
from wavegan.progress.pace import due, format_duration, seconds_to
from wavegan.progress.trend import FEWEST


def over(history: History, made: int) -> str:
    """Advice for a run that has ended with `made` finite validations."""
    validations = counted(made, "validation")
    every = history.setting("training", "validate_every", 5000)
    enough = every * max(FEWEST, -(-history.early // every))
    return (
        f"It has ended with {validations}: {_takes(history, made)}. Listen to its samples; for "
        f"more steps: wavegan train --resume {history.run} training.steps={enough}."
    )


def waits(history: History, made: int) -> str:
    """Advice for a run that continues."""
    if made and history.total < history.early:
        return (
            "Wait: too early to tell, and this run is too short for a trend, which needs "
            f"{history.early:,} steps (training.steps)."
        )
    # validations that are not finite do not count
    step = due(history, (FEWEST if made else 1) + len(history.validation) - made)
    if made < FEWEST and step is None:
        return (
            "Wait: too early to tell, and this run validates too rarely for a trend, which needs "
            f"{FEWEST} validations (training.validate_every)."
        )
    if made and (step is None or step < history.early):
        return f"Wait: {_takes(history, FEWEST)}{_when(history, history.early)}."
    which = "fourth" if made else "first"
    return f"Wait: the {which} validation is due at step {step:,}{_when(history, step or 0)}."


def _takes(history: History, made: int) -> str:
    """What is missing for a trend."""
    if made < FEWEST:
        return f"a trend needs {FEWEST} (training.validate_every)"
    return f"a trend needs {history.early:,} steps"


def _when(history: History, step: int) -> str:
    seconds = seconds_to(history, step)
    return "" if seconds is None else f", in about {format_duration(seconds)}"
