"""Detect empty bands between bands with sound."""

import numpy as np
import torch
from torch import Tensor

from wavegan.artifacts._bands import envelope
from wavegan.artifacts._spectrum import Array, runs
from wavegan.artifacts.base import Artifact, Finding

LOUDEST = 100.0
"""Percentile over time: a band is empty if even its loudest frame is. The onset of a drum or a note
has all bands, even if few ring on."""
NARROWEST, WIDEST = 150.0, 4000.0
"""Range of the width of a hole, Hz."""
BANDS = 400.0
"""Smallest width of the bands next to a hole, Hz; partials of a note are narrower."""
SECONDS = 1.25
"""Shortest clip, seconds; a word or a drum may lack bands."""
DEPTH = 15.0
"""Smallest depth below both sides, dB."""
EMPTIEST = 10.0
"""Percentile over frequencies below which a hole must be: a gap between the modes of a bell is not
empty if the level above them is lower."""
HIGHEST = 0.92
"""Highest frequency, as a share of half the sample rate; above it are the filters of converters."""
AUDIBLE = 55.0
"""dB below the loudest band down to which the bands next to a hole count, so that shaped dither,
which rises towards high frequencies, makes no hole."""
EDGE, FALL = 200.0, 12.0
"""Hz within which both edges must fall, and dB; antiformants of voices are smoother."""


class SpectralHoles(Artifact):
    """Bands that are always empty while both neighbours are not."""

    def look(self, wave: Tensor, sample_rate: int) -> list[Finding]:
        """One finding per hole, lowest first; `strength` is its depth in dB."""
        seconds = len(wave) / sample_rate
        if seconds < SECONDS:
            return []
        values, bin_hz = envelope(wave, sample_rate, LOUDEST)
        narrow = max(round(NARROWEST / bin_hz), 3)
        bands = _opening(values, round(BANDS / bin_hz))
        filled = _closing(bands, round(WIDEST / bin_hz))
        depth = np.where(filled >= values.max() - AUDIBLE, filled - values, 0.0)
        found = []
        highest = round(HIGHEST * len(values))
        empty = np.percentile(values[:highest], EMPTIEST)
        for first, last in runs(depth[:highest] >= DEPTH / 2):
            is_hole = (
                last - first >= narrow
                and np.median(depth[first:last]) >= DEPTH
                and values[first:last].min() <= empty
            )
            edges = _edges(depth[:highest], first, last, round(EDGE / bin_hz)) if is_hole else None
            if edges is not None:
                low, high = edges[0] * bin_hz, edges[1] * bin_hz
                deep = float(np.median(depth[first:last]))
                found.append(_finding(low, high, deep, seconds))
        return found


def _edges(depth: Array, first: int, last: int, width: int) -> tuple[int, int] | None:
    """The steepest points of a hole's sides; None unless both fall by FALL within `width` bins."""
    middle, start, end = (first + last) // 2, max(first - width, 0), min(last + width, len(depth))
    slopes = depth[width:] - depth[:-width]
    falls, rises = slopes[start:middle], -slopes[middle - width // 2 : end - width]
    if len(falls) == 0 or len(rises) == 0 or min(falls.max(), rises.max()) < FALL:
        return None
    bends = np.diff(depth)
    left = start + int(bends[start:middle].argmax()) + 1
    return left, middle + int(bends[middle : end - 1].argmin()) + 1


def _opening(values: Array, size: int) -> Array:
    return _dilated(-_dilated(-values, size), size)


def _closing(values: Array, size: int) -> Array:
    return -_dilated(-_dilated(values, size), size)


def _dilated(values: Array, size: int) -> Array:
    half = size // 2
    wide = torch.nn.functional.max_pool1d(
        torch.from_numpy(np.ascontiguousarray(values))[None, None], 2 * half + 1, 1, half
    )
    return np.asarray(wide[0, 0].numpy())


def _finding(low: float, high: float, depth: float, seconds: float) -> Finding:
    return Finding(
        "spectral_holes",
        "spectral hole",
        f"nothing from {low:.0f} to {high:.0f} Hz, {depth:.0f} dB below both sides",
        "a lost band: a filter bank with gaps, lossy coding, a notch, or a loss that does not "
        "cover these frequencies",
        0.0,
        seconds,
        depth,
        "dB",
        low,
        high,
    )
