"""Speed of a run, and the time to a step."""

from wavegan.progress.history import History

RECENT = 20


def steps_a_second(history: History) -> float | None:
    """Median speed of the last training windows, without validation; None if unknown."""
    _, speeds = history.series("train", "speed/steps")
    recent = sorted(speed for speed in speeds[-RECENT:] if speed > 0)
    return recent[len(recent) // 2] if recent else None


def seconds_to(history: History, step: float) -> float | None:
    """Seconds of training to a step; None if unknown."""
    speed = steps_a_second(history)
    return None if speed is None else max(0.0, (step - history.step) / speed)


def due(history: History, number: int) -> int | None:
    """Step of the `number`-th validation, counted from 1; None if the run ends before it."""
    made, every = len(history.validation), history.setting("training", "validate_every", 5000)
    if number <= made:
        return int(history.validation[number - 1]["step"])
    ahead = [(history.step // every + more) * every for more in range(1, number - made + 1)]
    ahead = [min(step, history.total) for step in ahead]
    # the last step is always validated
    return ahead[-1] if ahead[-1] > history.step and len(set(ahead)) == len(ahead) else None


def format_duration(seconds: float) -> str:
    """Format a duration: `40 s`, `25 min`, `2.5 h`, `3 days`, `4.6 years`."""
    if seconds < 90:
        return f"{seconds:.0f} s"
    if seconds < 90 * 60:
        return f"{seconds / 60:.0f} min"
    hours = seconds / 3600
    if hours < 48:
        return f"{hours:.1f} h" if hours < 10 else f"{hours:.0f} h"
    days = hours / 24
    return f"{days:.0f} days" if days < 730 else f"{days / 365:.1f} years"
