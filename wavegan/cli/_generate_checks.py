"""Numbers that nobody means, refused before a model is opened."""

from typing import TYPE_CHECKING

from wavegan.errors import UserError

if TYPE_CHECKING:
    from wavegan.cli._draws import Manner
    from wavegan.inference.synthesizer import Synthesizer

MOST_CLIPS = 1_000_000
MOST_STEPS = 100_000


def refuse_numbers(
    *, count: int, truncation: float, spread: float, steps: int, batch_size: int
) -> None:
    """Refuse what is out of range, and what is not a number.

    Raises:
        UserError: names the option and its range.
    """
    for option, value, most in (("count", count, MOST_CLIPS), ("batch-size", batch_size, 65536)):
        if not 1 <= value <= most:
            raise UserError(f"--{option} {value}: give 1 to {most}")
    if not 0 <= steps <= MOST_STEPS:
        raise UserError(f"--steps {steps}: give 0 to {MOST_STEPS}")
    for option, share in (("truncation", truncation), ("spread", spread)):
        if not 0 <= share <= 1:
            raise UserError(f"{option} is {share:g}: give a number from 0 to 1")


def refuse_length(synthesizer: "Synthesizer", count: int, manner: "Manner", whole: bool) -> None:
    """Refuse clips that are too long or too short, and more of them than memory is meant to hold.

    Args:
        synthesizer: the model.
        count: clips in all.
        manner: how they are made.
        whole: all of them are held at a time.

    Raises:
        UserError: says which length or number is possible.
    """
    from wavegan.inference.extent import check_count, extent

    net, rate = synthesizer.generator, synthesizer.sample_rate
    length = extent(net, rate, manner.seconds, loop=manner.loop)
    if whole:
        check_count(count, length, synthesizer.channels, "--count")
    else:
        check_count(min(count, manner.batch_size), length, synthesizer.channels, "--batch-size")
