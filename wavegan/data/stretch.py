"""Hold out a stretch of a recording if no whole file can be spared for validation."""

import itertools
import math
from dataclasses import replace

from wavegan.data.manifest import Clip

SHORTEST = 1.0
"""Least seconds of the stretch, and of the rest for training."""


def cut(clip: Clip, share: float, gap: float) -> tuple[tuple[Clip, Clip], Clip] | None:
    """Cut a stretch out of the middle of a clip, where recordings are seldom silent.

    Args:
        clip: a whole file.
        share: length of the stretch as a share of the clip, in (0, 1).
        gap: seconds on each side of it that are not used: the reach of a filter or mel frame of the
            training audio.

    Returns:
        The training parts before and after the stretch, and the stretch; None if the clip is too
        short.
    """
    rate = clip.sample_rate
    held, margin = round(max(SHORTEST, share * clip.seconds) * rate), round(gap * rate)
    left = clip.frames - held - 2 * margin
    if left < SHORTEST * rate:
        return None
    before = left // 2
    after = before + 2 * margin + held
    return (
        (part(clip, 0, before), part(clip, after, clip.frames)),
        part(clip, before + margin, before + margin + held),
    )


def part(clip: Clip, first: int, last: int) -> Clip:
    """The samples [first, last) of a clip, counted from its start."""
    return replace(clip, start=clip.start + first, frames=last - first)


def pieces(clip: Clip, seconds: float) -> list[Clip]:
    """Divide a stretch into equal parts of at most `seconds`; a whole file is not divided."""
    if not clip.start:
        return [clip]
    count = math.ceil(clip.seconds / seconds)
    ends = [clip.frames * number // count for number in range(count + 1)]
    return [part(clip, first, last) for first, last in itertools.pairwise(ends)]
