"""Lines in a spectrum that stand still in frequency and level."""

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray
from torch import Tensor

from wavegan.artifacts._spectrum import Array, Spectrum, moving_median, spectrum

FRAME = 0.19
"""Seconds; a pause between words is about as long."""
FEWEST = 12
"""Frames with sound in them that it takes to call something steady: 0.7 s."""
SILENT = -100.0
"""dBFS of a frame that holds no sound, only digital zeros or their dither."""
QUIET_SHARE = 15
"""Percentile over time that is taken for the clip's quiet parts."""
AROUND = 150.0
"""Hz on either side of a line whose median is what it stands out from."""
WIDTH = 4
"""Bins from the peak at which a line has fallen off; a Hann window's own are 2."""
FALL = 6.0
"""dB by which it has."""
CLEAR = 12.0
"""dB below the line's level in quiet parts that its surroundings are in a frame where it can be
read."""
WOBBLE = 2.0
"""dB, standard deviation of the level of a steady line where it can be read. A line in noise 10 dB
below it has 1.5; partials of decaying notes have 5 and more."""

DRIFT = 1.0
"""dB from the first half to the second. Modes of drums and partials of notes lose more."""
LOWEST = 40.0
"""Hz; below are offsets and rumble."""


Flags = NDArray[np.bool_]


@dataclass(frozen=True)
class Line:
    """A line: frequency (Hz), level (dBFS), what it stands out by in quiet parts (dB), seconds."""

    hertz: float
    level: float
    prominence: float
    start: float
    end: float


def line_spectrum(wave: Tensor, sample_rate: int) -> Spectrum | None:
    """The spectrum to look for lines in; None for a clip too short."""
    look = spectrum(wave, sample_rate, FRAME)
    return look if int((look.levels > SILENT).sum()) >= FEWEST else None


def steady_lines(look: Spectrum, prominence: float) -> list[Line]:
    """Lines that stand out by `prominence` dB in quiet parts and are as strong in loud ones."""
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
    """Power of each frame without what is in some lines, dB."""
    kept = np.ones(look.db.shape[0], dtype=bool)
    for line in lines:
        at = round(line.hertz / look.bin_hz)
        kept[max(at - WIDTH, 0) : at + WIDTH + 1] = False
    return replace(look, db=look.db[kept]).levels


def lines_at_all_levels(look: Spectrum, prominence: float) -> list[Line]:
    """Lines that stand out by `prominence` dB in the median frame, whatever their level does."""
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
    """The frequency of a peak, by a parabola through three bins of its spectrum."""
    last = look.db.shape[0] - 1
    if peak >= last - 1:
        # a line at half the rate leaks into the bin below as much as into its own
        return float(last * look.bin_hz)
    left, middle, right = values[peak - 1 : peak + 2]
    bend = left - 2 * middle + right
    shift = 0.5 * (left - right) / bend if bend < 0 else 0.0
    return float((peak + np.clip(shift, -0.5, 0.5)) * look.bin_hz)


def _is_narrow(values: Array, peak: int) -> bool:
    """Whether a bin is a local maximum that falls off on both sides."""
    low, high = max(peak - WIDTH, 0), min(peak + WIDTH, len(values) - 1)
    if values[peak] < values[low : high + 1].max():
        return False
    sides = [values[place] for place in (low, high) if place != peak]
    return all(values[peak] - side >= FALL for side in sides)


def _track(look: Spectrum, peak: int) -> tuple[Array, Array]:
    """The line's level in each frame, and that of its surroundings."""
    last = look.db.shape[0] - 1
    line = look.db[max(peak - 1, 0) : peak + 2].max(0)
    reach = max(3 * WIDTH, round(AROUND / look.bin_hz))
    below = look.db[max(peak - reach, 0) : max(peak - WIDTH, 0)]
    above = look.db[peak + WIDTH + 1 : min(peak + reach, last) + 1]
    return line, np.median(np.concatenate([below, above]), axis=0)


def _steady_level(look: Spectrum, peak: int, active: Flags, quiet: float) -> float | None:
    """The line's level, dBFS, if it is the same wherever it can be read; else None."""
    line, around = _track(look, peak)
    readable = active & (around <= quiet - CLEAR)
    if readable.sum() < FEWEST / 2:
        return None
    level = float(np.median(line[readable]))
    # a line that fades is weaker than itself somewhere; other sound can only cover it
    faded = active & (np.maximum(line, around + CLEAR) < level - 3 * WOBBLE)
    if line[readable].std() > WOBBLE or faded.sum() > 0.1 * active.sum():
        return None
    early, late = np.array_split(line[readable], 2)
    return level if abs(early.mean() - late.mean()) <= DRIFT else None


def _times(look: Spectrum, peak: int, level: float) -> tuple[float, float]:
    line, _ = _track(look, peak)
    there = np.flatnonzero(line >= level - 3 * WOBBLE)
    return float(there[0] * look.hop), float(there[-1] * look.hop + look.frame)
