"""Levels of clips that are compared: one scale of time, frequency and level for all."""

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import torch
from numpy.typing import NDArray

from wavegan.audio.resample import resample_array
from wavegan.audio.stft import magnitude

ROWS, MOST_COLUMNS = 112, 400
WINDOW = 0.04
"""Seconds of a Hann window: two pitch periods of the lowest voices."""
DYNAMIC_RANGE = 80.0
"""dB from the loudest place of the pictures down to black."""
TICKS = (125, 250, 500, 1000, 2000, 4000, 8000, 16000, 32000)

Wave = NDArray[np.float32]
Levels = NDArray[np.float32]


@dataclass(frozen=True)
class Frame:
    """What the pictures of a row share.

    Attributes:
        rate: Hz; the highest of the clips.
        seconds: of the longest clip.
        top: dB re a full-scale sine, the loudest place of all pictures, rounded up to 5.
    """

    rate: int
    seconds: float
    top: float

    @property
    def hop(self) -> int:
        """Samples from column to column, at `rate`."""
        return max(1, math.ceil(max(self.seconds / MOST_COLUMNS, 0.0025) * self.rate))

    @property
    def columns(self) -> int:
        """Columns of every picture."""
        return max(1, math.ceil(self.seconds * self.rate / self.hop))

    def ticks(self) -> list[tuple[str, float]]:
        """Frequencies to write beside a picture, and where: 0 its foot, 1 its top."""
        highest = float(_mel(self.rate / 2))
        places = [(hertz, float(_mel(hertz)) / highest) for hertz in TICKS]
        kept = [(hertz, place) for hertz, place in places if 0.08 < place < 0.93]
        return [(f"{h // 1000} k" if h >= 1000 else str(h), place) for h, place in _spaced(kept)]


def levels(wave: Wave, rate: int, frame: Frame) -> Levels:
    """Levels `(ROWS, columns)` of mel-spaced bands, the lowest first, in dB re a full-scale sine.

    A band's level is its loudest bin's; channels are averaged in power.

    Args:
        wave: `(C, T)`.
        rate: Hz, at most that of the frame.
        frame: what the pictures share; `top` has no effect.
    """
    wave = resample_array(wave, rate, frame.rate)
    window = torch.hann_window(max(16, round(WINDOW * frame.rate)))
    size = 1 << (len(window) - 1).bit_length()
    sound = torch.from_numpy(np.ascontiguousarray(wave))
    full_scale = float(window.sum() / 2)
    power = magnitude(sound, size, frame.hop, power=2, window=window, pad_mode="zero").mean(0)
    power = power[:, : frame.columns] / full_scale**2
    starts, stops = _bands(frame.rate, size)
    bands = torch.stack([power[a:b].amax(0) for a, b in zip(starts, stops, strict=True)])
    missing = frame.columns - bands.shape[1]
    bands = torch.nn.functional.pad(bands, (0, missing))
    return (10 * bands.clamp(min=1e-14).log10()).numpy()


def on_one_scale(clips: Sequence[tuple[Wave, int]]) -> tuple[Frame, list[Levels]]:
    """The frame that clips `(C, T)` with their rates have in common, and the levels of each."""
    rate = max(rate for _, rate in clips)
    seconds = max(wave.shape[-1] / rate for wave, rate in clips)
    bare = Frame(rate, seconds, 0.0)
    found = [levels(wave, own, bare) for wave, own in clips]
    loudest = max(float(each.max()) for each in found)
    return Frame(rate, seconds, min(20.0, max(-60.0, 5 * math.ceil(loudest / 5)))), found


def _bands(rate: int, size: int) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """First bin of each band, and the one behind its last; below a bin's width bands share it."""
    edges = _hertz(np.linspace(0, float(_mel(rate / 2)), ROWS + 1)) * size / rate
    starts = np.floor(edges[:-1]).astype(np.int64).clip(0, size // 2)
    return starts, np.maximum(np.ceil(edges[1:]).astype(np.int64), starts + 1)


def _mel(hertz: float) -> float:
    """O'Shaughnessy 1987."""
    return 2595 * math.log10(1 + hertz / 700)


def _hertz(mel: NDArray[np.float64]) -> NDArray[np.float64]:
    return np.asarray(700 * (10 ** (mel / 2595) - 1))


def _spaced(places: list[tuple[int, float]]) -> list[tuple[int, float]]:
    """Those that leave room for each other's text, the highest first to be kept."""
    kept: list[tuple[int, float]] = []
    for entry in reversed(places):
        if not kept or kept[-1][1] - entry[1] > 0.16:
            kept.append(entry)
    return kept[::-1]
