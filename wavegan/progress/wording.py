"""Texts of alarms."""

import math
from collections.abc import Callable, Mapping

from wavegan.progress.alarm import LETTERS, Alarm, Name, Source

Words = tuple[str, str]
"""What is wrong, and what to do."""


def with_step(alarm: Alarm) -> str:
    """An alarm of a validation as a line, with its step."""
    return f"alarm at step {alarm.step:,}: {line(alarm)}"


def line(alarm: Alarm) -> str:
    """An alarm as a line without its step: `what is wrong; what to do`."""
    what, remedy = _words(alarm)
    if not remedy:
        return what
    return f"{what}; {remedy}" if alarm.source == "validation" else f"{what} {remedy}"


def sentence(alarm: Alarm) -> str:
    """What is wrong, with the figures."""
    what, _ = _words(alarm)
    if alarm.source == "validation":
        return f"Alarm at step {alarm.step:,}: {what}."
    return what


def remedy(alarm: Alarm) -> str:
    """What to do, as a sentence."""
    _, text = _words(alarm)
    return f"{text[:1].upper()}{text[1:]}." if alarm.source == "validation" else text


def _words(alarm: Alarm) -> Words:
    """Sentences for alarms of training, clauses for those of validations, or the stored text."""
    make = None if alarm.name is None else _WORDS.get((alarm.source, alarm.name))
    return (alarm.text, "") if make is None else make(alarm)


def _number(alarm: Alarm, key: str) -> float:
    """A number of the alarm; NaN if missing, as other versions may not write it."""
    return alarm.numbers.get(key, math.nan)


def _who(alarm: Alarm) -> str:
    return "" if alarm.network is None else LETTERS[alarm.network]


def _collapse(alarm: Alarm) -> Words:
    return (
        f"mode collapse: generated clips are {_number(alarm, 'diversity'):.0%} as diverse as real "
        "ones",
        "restart from an earlier checkpoint (training.init_from) with half of "
        "training.optimizer.lr and a stronger penalty (penalties.r1.gamma, or objective "
        "relativistic with r1 and r2)",
    )


def _overwhelms(_alarm: Alarm) -> Words:
    return (
        "D overwhelms G: it classifies all clips correctly, and the Fréchet distance no longer "
        "falls",
        "lower training.optimizer.discriminator_lr or n_critic, or raise the penalty's gamma or "
        "weight",
    )


def _memorized(alarm: Alarm) -> Words:
    held_out, real = _number(alarm, "accuracy_held_out"), _number(alarm, "accuracy_real")
    return (
        f"D has memorized the training clips: it takes {held_out:.0%} of held-out clips for real, "
        f"but {real:.0%} of training clips",
        "add clips, or set training.augment to adaptive",
    )


def _not_finite(alarm: Alarm) -> Words:
    return (
        f"{alarm.term} is not finite at step {alarm.step:,}.",
        "Resume from the last checkpoint with half the learning rate (--resume, "
        "training.optimizer.lr="
        f"{_number(alarm, 'lr'):.2g}), or set training.clip_generator and clip_discriminator.",
    )


def _exploding(alarm: Alarm) -> Words:
    return (
        f"The gradients of {_who(alarm)} explode: their norm is {_number(alarm, 'norm'):.3g}, "
        f"{_number(alarm, 'ratio'):.0f} times its median.",
        f"Lower training.optimizer.lr to {_number(alarm, 'lr'):.2g}, or set "
        f"training.clip_{alarm.network}.",
    )


def _vanishing(alarm: Alarm) -> Words:
    return (
        f"The gradients of {_who(alarm)} vanish: their norm is {_number(alarm, 'norm'):.2g}, "
        f"{_number(alarm, 'ratio'):.1g} of its median.",
        "Restart from an earlier checkpoint (training.init_from) with a lower "
        "training.optimizer.lr.",
    )


def _overpowers(alarm: Alarm) -> Words:
    accuracies = [v for key, v in alarm.numbers.items() if key.startswith("accuracy_")]
    of_what = "pairs" if "accuracy_pairs" in alarm.numbers else "clips"
    return (
        f"D overpowers G: it classifies {min(accuracies, default=math.nan):.1%} of {of_what} "
        "correctly, and the validations do not improve.",
        f"Lower training.optimizer.discriminator_lr (to {_number(alarm, 'discriminator_lr'):.2g}), "
        "or add or raise a penalty (penalties.r1).",
    )


def _blind(_alarm: Alarm) -> Words:
    return (
        "D learns nothing: it was never better than chance (accuracy 50 %, loss at chance), so G "
        "learns nothing from it either.",
        "Restart with a higher training.optimizer.discriminator_lr, weaker penalties or other "
        "discriminators.",
    )


def _one_sided(alarm: Alarm) -> Words:
    real, fake = _number(alarm, "accuracy_real"), _number(alarm, "accuracy_fake")
    return (
        f"D takes everything for {'real' if real > fake else 'generated'} ({real:.1%} of real and "
        f"{fake:.1%} of generated clips are classified correctly): G learns nothing from it.",
        "Restart from an earlier checkpoint (training.init_from) with half of "
        "training.optimizer.discriminator_lr, or with training.clip_discriminator.",
    )


def _rate_gone(alarm: Alarm) -> Words:
    rate, highest = _number(alarm, "rate"), _number(alarm, "highest")
    if alarm.network is not None:
        return (
            f"The learning rate of {_who(alarm)} is {rate:.1e}, too low to learn anything.",
            "Continue with --resume and a higher training.optimizer.discriminator_lr, or a slower "
            "training.schedule.",
        )
    return (
        f"The learning rate has fallen from {highest:.1e} to {rate:.1e}: since about step "
        f"{_number(alarm, 'since'):,.0f} of {_number(alarm, 'steps'):,.0f} nothing is learned."
        if rate < highest
        else f"The learning rate is {rate:.1e}, too low to learn anything.",
        "Continue with --resume and a slower training.schedule (a larger every, or a gamma nearer "
        "to 1), or a higher training.optimizer.lr, best from a checkpoint before that step.",
    )


def _loader_waits(alarm: Alarm) -> Words:
    workers = alarm.numbers.get("workers")
    now = "now automatic" if workers is None else f"now {workers:.0f}"
    return (
        f"Training waits for the loader {_number(alarm, 'share'):.0%} of the time:",
        f"raise data.workers ({now}), or copy the files to a local disk, as WAV or FLAC at the "
        "recipe's sample rate.",
    )


_WORDS: Mapping[tuple[Source, Name], Callable[[Alarm], Words]] = {
    ("validation", "collapse"): _collapse,
    ("validation", "overpowering"): _overwhelms,
    ("validation", "memorized"): _memorized,
    ("training", "not finite"): _not_finite,
    ("training", "exploding"): _exploding,
    ("training", "vanishing"): _vanishing,
    ("training", "overpowering"): _overpowers,
    ("training", "blind"): _blind,
    ("training", "one-sided"): _one_sided,
    ("training", "rate gone"): _rate_gone,
    ("training", "loader waits"): _loader_waits,
}
