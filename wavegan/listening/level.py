"""Match loudness, because listeners prefer a louder clip.

Loudness is ITU-R BS.1770-4 (integrated, gated), in LUFS, by the package `pyloudnorm`.
"""

import importlib
import math
from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np

from wavegan.audio.opening import Wave

BLOCK = 0.4
"""Seconds in a BS.1770 block: shorter clips have no loudness."""
MOST_GAIN = 30.0
"""dB: a clip that would need more is noise or silence, and is not changed."""


@dataclass(frozen=True)
class Levels:
    """Gains that bring clips to one level.

    Attributes:
        gains: dB to apply, by clip.
        method: "BS.1770", "RMS" if BS.1770 cannot measure all clips, or "none".
        notes: clips that could not be matched.
    """

    gains: dict[str, float]
    method: str
    notes: tuple[str, ...] = ()


def meter_missing() -> str | None:
    """Why BS.1770 cannot be measured, or None if it can."""
    try:
        importlib.import_module("pyloudnorm")
    except ImportError as error:
        return f'{error}; levels are matched by RMS (for BS.1770: pip install "wavegan[metrics]")'
    return None


def match(waves: Mapping[str, Wave], sample_rate: int, reference: str | None) -> Levels:
    """Gains that bring all clips to the reference's loudness, or without one to their mean.

    Args:
        waves: (C, T) by name.
        sample_rate: Hz.
        reference: the clip that sets the level and gets 0 dB.
    """
    measurable = min(wave.shape[-1] for wave in waves.values()) >= BLOCK * sample_rate
    method = "BS.1770" if measurable and meter_missing() is None else "RMS"
    measure = _loudness if method == "BS.1770" else _rms
    levels = {name: measure(wave, sample_rate) for name, wave in waves.items()}
    known = [level for level in levels.values() if math.isfinite(level)]
    target = levels[reference] if reference is not None else float(np.mean(known or [-math.inf]))
    gains, notes = {}, []
    for name, level in levels.items():
        gain = target - level
        usable = math.isfinite(gain) and abs(gain) <= MOST_GAIN
        gains[name] = gain if usable else 0.0
        if not usable:
            notes.append(f"{name}: its level ({level:.0f} dB) is not changed")
    return Levels(gains, method, tuple(notes))


def fit(waves: Mapping[str, Wave]) -> tuple[dict[str, Wave], float]:
    """Turn all clips down by the same gain if one would clip; also return the gain in dB."""
    peak = max(float(np.abs(wave).max(initial=0.0)) for wave in waves.values())
    if peak < 1:
        return dict(waves), 0.0
    gain = 0.999 / peak
    return {n: (w * np.float32(gain)) for n, w in waves.items()}, 20 * math.log10(gain)


def amplified(wave: Wave, decibels: float) -> Wave:
    """Apply a gain in dB."""
    return wave * np.float32(10 ** (decibels / 20))


def _loudness(wave: Wave, sample_rate: int) -> float:
    meter = importlib.import_module("pyloudnorm").Meter(sample_rate)
    return float(meter.integrated_loudness(wave.T.astype(np.float64)))


def _rms(wave: Wave, _sample_rate: int) -> float:
    power = float(np.mean(np.square(wave, dtype=np.float64)))
    return 10 * math.log10(power) if power > 0 else -math.inf
