"""A stretch of a recording held out of training, where there is no file to hold out whole."""

import itertools
import math
from dataclasses import replace

from wavegan.data.manifest import Clip

SHORTEST = 1.0
"""Seconds that a stretch lasts at least, and that are left to train on at least."""


def cut(clip: Clip, share: float, gap: float) -> tuple[tuple[Clip, Clip], Clip] | None:
    """Cut a stretch out of the middle of a clip, where recordings are seldom silent.

    Args:
        clip: a whole file.
        share: of the stretch in the clip, in (0, 1).
        gap: seconds on each side of it that are not used: as far as a filter or a mel frame of
            what trains reaches.

    Returns:
        What trains, before and after it, and the stretch; None: the clip is too short.
    """
    rate = clip.sample_rate
    held, apart = round(max(SHORTEST, share * clip.seconds) * rate), round(gap * rate)
    left = clip.frames - held - 2 * apart
    if left < SHORTEST * rate:
        return None
    before = left // 2
    after = before + 2 * apart + held
    return (
        (part(clip, 0, before), part(clip, after, clip.frames)),
        part(clip, before + apart, before + apart + held),
    )


def part(clip: Clip, first: int, last: int) -> Clip:
    """The samples [first, last) of a clip, counted from its own first."""
    return replace(clip, start=clip.start + first, frames=last - first)


def pieces(clip: Clip, seconds: float) -> list[Clip]:
    """Divide a stretch into equal parts of so many seconds at most; a whole file stays."""
    if not clip.start:
        return [clip]
    count = math.ceil(clip.seconds / seconds)
    ends = [clip.frames * number // count for number in range(count + 1)]
    return [part(clip, first, last) for first, last in itertools.pairwise(ends)]
