"""Length of a generated clip: windows of its walk, positions of its feature map, samples."""

import math
from typing import NamedTuple

from wavegan.errors import UserError
from wavegan.generators.base import LatentGenerator
from wavegan.inference.caller_warning import warn_caller
from wavegan.inference.given import real

SHORTEST = 0.01
"""Seconds. The fade-out of a shorter clip would leave nothing."""
LONGEST = 1 << 24
"""Samples. A whole clip is in memory, and a network's channels take 0.5 to 1 KB a sample more."""


AT_ONCE = 1 << 31
"""Samples of all clips in one call, 8 GiB."""


class ClipLength(NamedTuple):
    """The length of a clip.

    Attributes:
        windows: number of latents of its walk.
        positions: length of its feature map.
        samples: samples to keep of the network's output.
    """

    windows: int
    positions: int
    samples: int


def clip_length(
    generator: LatentGenerator,
    sample_rate: int,
    seconds: float | None = None,
    *,
    loop: bool = False,
    windows: int = 1,
) -> ClipLength:
    """Windows, positions and samples for a clip of a given length.

    A clip longer than the network's own is a walk whose windows overlap by half, cut to the
    requested length. A loop cannot be cut: it takes the nearest whole number of positions.

    Args:
        generator: the network.
        sample_rate: Hz.
        seconds: requested length; None: that of one clip, or of a walk of `windows`.
        loop: whether the clip is a loop.
        windows: number of latents of the walk, used if `seconds` is None.

    Raises:
        UserError: a length that is not positive, too short for a clip or a loop, or too long.
    """
    size = generator.positions
    each = generator.segment // size
    step = max(size // 2, 1)
    seconds = None if seconds is None else real(seconds, "seconds")
    if seconds is None:
        samples = max(size, windows * step if loop else size + (windows - 1) * step) * each
    else:
        samples = _samples(seconds, sample_rate)
    if samples > LONGEST:
        raise UserError(
            f"seconds is {seconds or samples / sample_rate:g}, which is too long: a clip is made "
            "in memory, in one piece; give at most "
            f"{LONGEST / sample_rate:.0f} at {sample_rate} Hz"
        )
    if loop:
        return _loop(generator, sample_rate, samples)
    positions = max(size, -(-samples // each))
    windows = 1 + -(-(positions - size) // step)
    return ClipLength(windows, size + (windows - 1) * step, samples)


def _samples(seconds: float, sample_rate: int) -> int:
    if not math.isfinite(seconds) or seconds <= 0:
        raise UserError(f"seconds is {seconds}: give a length above 0")
    if seconds < SHORTEST:
        raise UserError(
            f"seconds is {seconds:g}, which is too short: give at least {SHORTEST} (twice the fade)"
        )
    # the largest float times a rate is infinite
    return round(min(seconds, 1e12) * sample_rate)


def _loop(generator: LatentGenerator, sample_rate: int, samples: int) -> ClipLength:
    size = generator.positions
    each = generator.segment // size
    positions = (2 * samples + each) // (2 * each)
    if positions < size:
        raise UserError(
            f"seconds is {samples / sample_rate:g}, which is too short for a loop of this model: "
            f"give at least {generator.segment / sample_rate:g}"
        )
    # A map that overlaps itself would repeat twice in each loop, so a loop has two latents or
    # more. The maps of a network trained on loops already wrap.
    alone = positions == size and generator.circular
    windows = 1 if alone else max(2, -(-positions // max(size // 2, 1)))
    return ClipLength(windows, positions, positions * each)


def check_count(count: int, length: ClipLength, channels: int, name: str = "n") -> None:
    """Refuse more clips in one call than the memory limit allows.

    Raises:
        UserError: too many; the message has the maximum.
    """
    most = AT_ONCE // (length.samples * channels)
    if count > most:
        raise UserError(
            f"{name} is {count}: make at most {most} clips of {length.samples} samples at a time"
        )


def warn_of_rounding(wanted: float | None, length: ClipLength, sample_rate: int) -> None:
    """Warn if a loop is longer or shorter than the requested `wanted` seconds."""
    if wanted is not None and length.samples != round(real(wanted, "seconds") * sample_rate):
        warn_caller(
            f"the loop is {length.samples / sample_rate:.4f} s long ({length.samples} samples), "
            "the nearest length that wraps",
            UserWarning,
        )
