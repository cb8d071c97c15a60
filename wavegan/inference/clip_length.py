"""How long a generated clip is: windows of a walk, positions of its map, samples."""

import math
from typing import NamedTuple

from wavegan.errors import UserError
from wavegan.generators.base import LatentGenerator
from wavegan.inference.given import real
from wavegan.inference.telling import tell

SHORTEST = 0.01
"""Seconds; of less, the fade at the end of a clip that is cut leaves nothing."""
LONGEST = 1 << 24
"""Samples: a clip is held whole, and a network's channels beside it take 0.5 to 1 KB a sample."""


AT_ONCE = 1 << 31
"""Samples of all the clips that are asked for at a time, 8 GiB."""


class ClipLength(NamedTuple):
    """The length of a clip.

    Attributes:
        windows: latents of its walk.
        positions: length of its map.
        samples: kept of what the map gives.
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
    """What it takes to make a clip of a length.

    A clip longer than the network's own is a walk whose windows overlap by half, cut at the
    length wanted. A loop cannot be cut: it has the nearest whole number of the map's positions.

    Args:
        generator: the network.
        sample_rate: Hz.
        seconds: wanted; None: of one clip, or of a walk of `windows`.
        loop: the clip is a loop.
        windows: latents of the walk, where `seconds` is None.

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
            f"seconds is {seconds or samples / sample_rate:g}: {LONGEST / sample_rate:.0f} is the "
            f"most at {sample_rate} Hz, as a clip is made in one piece, in memory"
        )
    if loop:
        return _loop(generator, sample_rate, samples)
    positions = max(size, -(-samples // each))
    windows = 1 + -(-(positions - size) // step)
    return ClipLength(windows, size + (windows - 1) * step, samples)


def _samples(seconds: float, sample_rate: int) -> int:
    if not math.isfinite(seconds) or seconds <= 0:
        raise UserError(f"seconds is {seconds}: give the length of a clip, above 0")
    if seconds < SHORTEST:
        raise UserError(f"seconds is {seconds:g}: {SHORTEST} is the least, twice its fade")
    # the largest of floats times a rate is infinite
    return round(min(seconds, 1e12) * sample_rate)


def _loop(generator: LatentGenerator, sample_rate: int, samples: int) -> ClipLength:
    size = generator.positions
    each = generator.segment // size
    positions = (2 * samples + each) // (2 * each)
    if positions < size:
        raise UserError(
            f"seconds is {samples / sample_rate:g}: a loop of this model is "
            f"{generator.segment / sample_rate:g} s long at least"
        )
    # A map laid over itself would repeat twice in each round, so there are two latents at least;
    # but the maps of a network that was trained on loops wrap as they are.
    alone = positions == size and generator.circular
    windows = 1 if alone else max(2, -(-positions // max(size // 2, 1)))
    return ClipLength(windows, positions, positions * each)


def check_count(count: int, length: ClipLength, channels: int, name: str = "n") -> None:
    """Refuse more clips at a time than memory is meant to hold.

    Raises:
        UserError: says how many it can be.
    """
    most = AT_ONCE // (length.samples * channels)
    if count > most:
        raise UserError(
            f"{name} is {count}: {most} clips of {length.samples} samples are the most at a time"
        )


def warn_of_rounding(wanted: float | None, length: ClipLength, sample_rate: int) -> None:
    """Warn of a loop that is longer or shorter than what was wanted, in seconds."""
    if wanted is not None and length.samples != round(real(wanted, "seconds") * sample_rate):
        tell(
            f"the loop is {length.samples / sample_rate:.4f} s long ({length.samples} samples): "
            "the nearest length that wraps",
            UserWarning,
        )
