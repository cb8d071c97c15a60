"""Alarms: what the figures of validation say is going wrong, and what to do about it."""

from collections.abc import Mapping, Sequence

COLLAPSED = 0.4
"""Share of the real clips' diversity below which generated ones are all alike."""
LIVELY = 0.6
"""Share that shows that the generator once was past its uniform beginnings."""
PATIENCE = 3
"""Validations after which even a generator that never was lively should be."""
SEPARATED = 0.98
"""Share of clips that D tells right from which on it leaves G nothing to learn from."""
BY_HEART = 0.35
"""How much rarer D may recognise held-out clips as real than those that it trained on."""

Values = Mapping[str, float]


def of(values: Values, past: Sequence[Values]) -> list[str]:
    """The alarms that this validation raises.

    Args:
        values: its figures (see `validate_sounds.Sounds`).
        past: those of earlier validations, oldest first.

    Returns:
        One line each: what is wrong, and the remedy.
    """
    found = (_collapse(values, past), _overwhelmed(values, past), _by_heart(values))
    return [text for text in found if text is not None]


def _collapse(values: Values, past: Sequence[Values]) -> str | None:
    diversity = values["diversity"]
    was_lively = any(earlier["diversity"] >= LIVELY for earlier in past)
    if diversity >= COLLAPSED or not (was_lively or len(past) >= PATIENCE):
        return None
    return (
        f"mode collapse: generated clips are {diversity:.0%} as diverse as real ones; start again "
        "from an earlier checkpoint (training.init_from) with half of training.optimizer.lr and a "
        "stronger penalty (penalties.r1.gamma, or objective relativistic with r1 and r2)"
    )


def _overwhelmed(values: Values, past: Sequence[Values]) -> str | None:
    recent = [*past[-PATIENCE:], values]
    if len(recent) <= PATIENCE or "accuracy_real" not in values:
        return None
    told = all(min(v["accuracy_real"], v["accuracy_fake"]) >= SEPARATED for v in recent)
    improves = all(values["frechet"] < 0.99 * earlier["frechet"] for earlier in past)
    if not told or improves:
        return None
    return (
        "D overwhelms G: it tells all clips apart and the Fréchet distance no longer falls; lower "
        "training.optimizer.discriminator_lr or n_critic, or raise the penalty's gamma or weight"
    )


def _by_heart(values: Values) -> str | None:
    if "accuracy_held_out" not in values:
        return None
    gap = values["accuracy_real"] - values["accuracy_held_out"]
    if gap < BY_HEART or values["accuracy_fake"] < 1 - BY_HEART:
        return None
    return (
        f"D knows the training clips by heart: it takes {values['accuracy_held_out']:.0%} of held-"
        f"out clips for real, of training clips {values['accuracy_real']:.0%}; add clips, or set "
        "training.augment to adaptive"
    )
