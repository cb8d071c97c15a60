"""Find spectral lines with a constant frequency and level."""

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray
from torch import Tensor

from wavegan.artifacts._spectrum import Array, Spectrum, moving_median, spectrum

FRAME = 0.19
"""Seconds, about the length of a pause between words."""
FEWEST = 12
"""Fewest frames with sound to call a line steady: 0.7 s."""
SILENT = -100.0
"""dBFS of a frame without sound, with only digital zeros or dither."""
QUIET_SHARE = 15
"""Percentile over time that represents the clip's quiet parts."""
AROUND = 150.0
"""Hz on either side of a line; the median there is the level of its surroundings."""
WIDTH = 4
"""Bins from the peak at which a line must have fallen; a Hann window needs 2."""
FALL = 6.0
"""dB by which it must have fallen there."""
CLEAR = 12.0
"""dB that the surroundings must be below the line's quiet level in frames used to measure it."""
WOBBLE = 2.0
"""Largest standard deviation of a steady line's measured level, dB. A line 10 dB above noise has
1.5; partials of decaying notes have 5 and more."""

DRIFT = 1.0
"""Largest change from the first half to the second, dB. Modes of drums and partials of notes lose
more."""
LOWEST = 40.0
"""Hz. Below are offsets and rumble."""


Flags = NDArray[np.bool_]


@dataclass(frozen=True)
class Line:
    """A line: frequency (Hz), level (dBFS), prominence in quiet parts (dB), times (seconds)."""

    hertz: float
    level: float
    prominence: float
    start: float
    end: float


def line_spectrum(wave: Tensor, sample_rate: int) -> Spectrum | None:
    """The spectrum to search for lines; None if the clip is too short."""
    look = spectrum(wave, sample_rate, FRAME)
    return look if int((look.levels > SILENT).sum()) >= FEWEST else None


def steady_lines(look: Spectrum, prominence: float) -> list[Line]:
    """Lines that stand out by `prominence` dB in quiet parts and keep their level in loud ones."""
    active = look.levels > SILENT
    quiet = np.percentile(look.db[:, active], QUIET_SHARE, axis=1)
    above = quiet - moving_median(quiet, round(AROUND / look.bin_hz))
    found = []
    for peak in np.flatnonzero(above >= prominence).tolist():
        if peak * look.bin_hz < LOWEST or not _is_narrow(quiet, peak):
            continue
        level = _steady_level(look, peak, active, float(quiet[peak]))
        if level is not None:
            found.append(
                Line(
                    _hertz(look, quiet, peak), level, float(above[peak]), *_times(look, peak, level)
                )
            )
    return found


def levels_without(look: Spectrum, lines: Sequence[Line]) -> Array:
    """Power of each frame without the given lines, dB."""
    kept = np.ones(look.db.shape[0], dtype=bool)
    for line in lines:
        at = round(line.hertz / look.bin_hz)
        kept[max(at - WIDTH, 0) : at + WIDTH + 1] = False
    return replace(look, db=look.db[kept]).levels


def lines_at_all_levels(look: Spectrum, prominence: float) -> list[Line]:
    """Lines that stand out by `prominence` dB in the median frame, even if their level varies."""
    active = look.levels > SILENT
    usual = np.median(look.db[:, active], axis=1)
    above = usual - moving_median(usual, round(AROUND / look.bin_hz))
    lowest, seconds = 2 * AROUND, look.db.shape[1] * look.hop + look.frame - look.hop
    return [
        Line(_hertz(look, usual, peak), float(usual[peak]), float(above[peak]), 0.0, seconds)
        for peak in np.flatnonzero(above >= prominence).tolist()
        if peak * look.bin_hz >= lowest and _is_narrow(usual, peak)
    ]


def _hertz(look: Spectrum, values: Array, peak: int) -> float:
    """Frequency of a peak, from a parabola through three bins."""
    last = look.db.shape[0] - 1
    if peak >= last - 1:
        # a line at half the sample rate leaks equally into the bin below
        return float(last * look.bin_hz)
    left, middle, right = values[peak - 1 : peak + 2]
    bend = left - 2 * middle + right
    shift = 0.5 * (left - right) / bend if bend < 0 else 0.0
    return float((peak + np.clip(shift, -0.5, 0.5)) * look.bin_hz)


def _is_narrow(values: Array, peak: int) -> bool:
    """Whether a bin is a local maximum with a fall on both sides."""
    low, high = max(peak - WIDTH, 0), min(peak + WIDTH, len(values) - 1)
    if values[peak] < values[low : high + 1].max():
        return False
    sides = [values[place] for place in (low, high) if place != peak]
    return all(values[peak] - side >= FALL for side in sides)


def _track(look: Spectrum, peak: int) -> tuple[Array, Array]:
    """Level of the line and of its surroundings in each frame."""
    last = look.db.shape[0] - 1
    line = look.db[max(peak - 1, 0) : peak + 2].max(0)
    reach = max(3 * WIDTH, round(AROUND / look.bin_hz))
    below = look.db[max(peak - reach, 0) : max(peak - WIDTH, 0)]
    above = look.db[peak + WIDTH + 1 : min(peak + reach, last) + 1]
    return line, np.median(np.concatenate([below, above]), axis=0)


def _steady_level(look: Spectrum, peak: int, active: Flags, quiet: float) -> float | None:
    """The line's level, dBFS, if it is constant wherever it can be measured; else None."""
    line, around = _track(look, peak)
    readable = active & (around <= quiet - CLEAR)
    if readable.sum() < FEWEST / 2:
        return None
    level = float(np.median(line[readable]))
    # other sound can only mask a steady line; a line that is weaker somewhere is not steady
    faded = active & (np.maximum(line, around + CLEAR) < level - 3 * WOBBLE)
    if line[readable].std() > WOBBLE or faded.sum() > 0.1 * active.sum():
        return None
    early, late = np.array_split(line[readable], 2)
    return level if abs(early.mean() - late.mean()) <= DRIFT else None


def _times(look: Spectrum, peak: int, level: float) -> tuple[float, float]:
    line, _ = _track(look, peak)
    there = np.flatnonzero(line >= level - 3 * WOBBLE)
    return float(there[0] * look.hop), float(there[-1] * look.hop + look.frame)
