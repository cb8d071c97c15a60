"""Checks of `wavegan generate` that need no generated clip: numbers, lengths, disk space."""

import shutil
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING

from wavegan.errors import UserError

if TYPE_CHECKING:
    from wavegan.cli._draws import GenerationOptions
    from wavegan.inference.synthesizer import Synthesizer

MOST_CLIPS = 1_000_000
MOST_STEPS = 100_000
SPREAD, STEPS = 0.3, 200
"""Defaults of --spread and --steps, for --like."""
SAMPLE_BYTES = {"pcm16": 2, "pcm24": 3, "float": 4}


def refuse_numbers(
    *, count: int, truncation: float, spread: float, steps: int, batch_size: int
) -> None:
    """Refuse numbers that are out of range, and NaN.

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


def refuse_without_like(like: Path | None, given: Mapping[str, float | None]) -> None:
    """Refuse options that only `--like` uses when it is not given.

    Raises:
        UserError: names the first such option.
    """
    for option, value in given.items():
        if like is None and value is not None:
            raise UserError(
                f"--{option} {value:g}: only --like FILE uses it: give --like, or leave it out"
            )


def refuse_length(
    synthesizer: "Synthesizer", count: int, options: "GenerationOptions", whole: bool
) -> None:
    """Refuse clips that are too long or too short, and more clips than fit in memory.

    Args:
        synthesizer: the model.
        count: clips in all.
        options: how they are made.
        whole: all clips are in memory at once.

    Raises:
        UserError: names the possible length or number.
    """
    from wavegan.inference.clip_length import check_count, clip_length

    net, rate = synthesizer.generator, synthesizer.sample_rate
    length = clip_length(net, rate, options.seconds, loop=options.loop)
    if whole:
        check_count(count, length, synthesizer.channels, "--count")
    else:
        check_count(min(count, options.batch_size), length, synthesizer.channels, "--batch-size")


def refuse_full_disk(
    synthesizer: "Synthesizer",
    count: int,
    options: "GenerationOptions",
    out: Path,
    file_format: str,
    subtype: str,
) -> None:
    """Refuse clips that do not fit on the disk. Checked for wav only: its size is known before.

    Raises:
        UserError: gives the needed and the free space.
    """
    from wavegan.inference.clip_length import clip_length

    if file_format != "wav":
        return
    net, rate = synthesizer.generator, synthesizer.sample_rate
    samples = (
        clip_length(net, rate, options.seconds, loop=options.loop).samples * synthesizer.channels
    )
    needed = count * samples * SAMPLE_BYTES[subtype]
    there = next(folder for folder in (out.absolute(), *out.absolute().parents) if folder.exists())
    free = shutil.disk_usage(there).free
    if needed > free:
        raise UserError(
            f"--count {count}: the files need {needed / 1e9:.1f} GB, but only {free / 1e9:.1f} GB "
            f"are free at {out}: lower --count, or give another --out"
        )
