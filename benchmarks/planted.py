"""Plant artifacts into clips at several levels, and return their place."""

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

Wave = NDArray[np.float64]


@dataclass(frozen=True)
class Planted:
    """A clip `(C, T)` with an artifact, and its place in seconds and Hz; None if it has none."""

    audio: Wave
    start: float | None = None
    end: float | None = None
    hertz: float | None = None


@dataclass(frozen=True)
class Plant:
    """An artifact to plant: its detector, its kind, levels, and the function that plants it.

    Levels go from clear to faint; the tests plant the second.
    """

    artifact: str
    what: str
    levels: tuple[float, ...]
    unit: str
    put: Callable[[Wave, int, float], Planted]


def _amplitude(decibels: float) -> float:
    return float(10 ** (decibels / 20))


def _seconds(wave: Wave, rate: int) -> Wave:
    return np.arange(len(wave)) / rate


def _loudest(wave: Wave, rate: int) -> int:
    """The middle of the loudest 20 ms after the first half second."""
    size, first = round(0.02 * rate), rate // 2
    return first + int(np.convolve(wave[first:] ** 2, np.ones(size), mode="same").argmax())


def _line(at: Callable[[int], float]) -> Callable[[Wave, int, float], Planted]:
    def put(wave: Wave, rate: int, level: float) -> Planted:
        hertz = at(rate)
        tone = _amplitude(level) * np.cos(2 * np.pi * hertz * _seconds(wave, rate) + 0.7)
        return Planted(wave + tone, 0, len(wave) / rate, hertz)

    return put


def _checkerboard(wave: Wave, rate: int, level: float) -> Planted:
    """A line at rate / 4 that follows the sound, `level` dB relative to it."""
    size = round(0.03 * rate)
    follows = np.sqrt(np.convolve(wave**2, np.ones(size) / size, mode="same"))
    line = np.sqrt(2) * np.cos(np.pi / 2 * np.arange(len(wave)) + 0.7)
    return Planted(wave + _amplitude(level) * follows * line, hertz=rate / 4)


def _hum(wave: Wave, rate: int, level: float) -> Planted:
    time = _seconds(wave, rate)
    tones = sum(np.cos(2 * np.pi * 50 * n * time + n) / n for n in range(1, 7))
    return Planted(wave + _amplitude(level) * tones, 0, len(wave) / rate, 50)


def _offset(wave: Wave, rate: int, level: float) -> Planted:
    return Planted(wave + _amplitude(level), 0, len(wave) / rate, 0)


def _burst(rate: int, level: float) -> Wave:
    """2 ms of decaying oscillation."""
    time = np.arange(round(0.002 * rate)) / rate
    return np.asarray(_amplitude(level) * np.exp(-time / 0.0005) * np.cos(2 * np.pi * 1500 * time))


def _quiet_edges(wave: Wave, rate: int) -> Wave:
    """The clip with its own quietest 80 ms before and after, faded in and out."""
    size = round(0.08 * rate)
    power = np.convolve(wave**2, np.ones(size), mode="valid")
    quiet = wave[int(power.argmin()) :][:size]
    ramp = np.linspace(0, 1, round(0.01 * rate))
    whole = np.concatenate([quiet, wave, quiet])
    whole[: len(ramp)] *= ramp
    whole[-len(ramp) :] *= ramp[::-1]
    return whole


def _click_at_start(wave: Wave, rate: int, level: float) -> Planted:
    wave, burst = _quiet_edges(wave, rate), _burst(rate, level)
    wave[: len(burst)] += burst
    return Planted(wave, 0, 0.002)


def _click_at_end(wave: Wave, rate: int, level: float) -> Planted:
    wave, burst = _quiet_edges(wave, rate), _burst(rate, level)
    wave[-len(burst) :] += burst[::-1]
    return Planted(wave, len(wave) / rate - 0.002, len(wave) / rate)


def _cut(wave: Wave, rate: int, level: float) -> Planted:
    """Cut at the largest sample in the loudest 20 ms; `level` is the gain before."""
    middle, half = _loudest(wave, rate), round(0.01 * rate)
    last = middle - half + int(np.abs(wave[middle - half : middle + half]).argmax())
    return Planted(_amplitude(level) * wave[: last + 1], (last + 1) / rate, (last + 1) / rate)


def _loud(wave: Wave) -> float:
    """RMS of the loudest tenth."""
    return float(np.sqrt(np.percentile(wave**2, 90)))


def _click(wave: Wave, rate: int, level: float) -> Planted:
    """One sample, at 0.4 of the length; `level` is relative to the clip's loud parts, dB."""
    place = round(0.4 * len(wave))
    wave = wave.copy()
    wave[place] += _amplitude(level) * _loud(wave)
    return Planted(wave, place / rate, place / rate)


def _seams(wave: Wave, rate: int, level: float) -> Planted:
    """Every 8192 samples the wave jumps, and returns within 5 ms."""
    wave = wave.copy()
    back = np.exp(-np.arange(round(0.02 * rate)) / (0.005 * rate))
    size = _amplitude(level) * _loud(wave)
    for number, place in enumerate(range(8192, len(wave) - len(back), 8192)):
        wave[place : place + len(back)] += (-1) ** number * size * back
    return Planted(wave)


def _clipped(wave: Wave, rate: int, level: float) -> Planted:
    """Cut off `level` dB below its peak."""
    top = np.abs(wave).max() * _amplitude(level)
    return Planted(wave.clip(-top, top))


def _filtered(wave: Wave, keep: Callable[[Wave], Wave], rate: int, depth: float) -> Wave:
    spectrum = np.fft.rfft(wave)
    hertz = np.fft.rfftfreq(len(wave), 1 / rate)
    return np.asarray(
        np.fft.irfft(spectrum * np.where(keep(hertz), 1, _amplitude(depth)), len(wave))
    )


def _band_limit(wave: Wave, rate: int, level: float) -> Planted:
    hertz = 0.3 * rate
    return Planted(_filtered(wave, lambda f: f < hertz, rate, level), hertz=hertz)


def _hole(wave: Wave, rate: int, level: float) -> Planted:
    low, high = 0.125 * rate, 0.1875 * rate
    return Planted(
        _filtered(wave, lambda f: (f < low) | (f >= high), rate, level), hertz=(low + high) / 2
    )


def _voiceless(wave: Wave, rate: int) -> Wave:
    """1 where there is more power above 2 kHz than below 1 kHz, with slopes of 10 ms."""
    size = round(0.03 * rate)
    parts = [_filtered(wave, keep, rate, -200) for keep in (lambda f: f < 1000, lambda f: f > 2000)]
    low, high = (np.convolve(part**2, np.ones(size) / size, mode="same") for part in parts)
    slope = np.hanning(round(0.02 * rate))
    return np.asarray(np.convolve(high > low, slope / slope.sum(), mode="same"))


def _buzz(wave: Wave, rate: int, level: float) -> Planted:
    """Replace hiss by equally loud pulses at 110 Hz; `level` is that of the remaining hiss, dB."""
    mask, size = _voiceless(wave, rate), round(0.03 * rate)
    high = _filtered(wave, lambda f: f > 1500, rate, -200)
    loud = np.sqrt(np.convolve(high**2, np.ones(size) / size, mode="same"))
    pulses = np.zeros(len(wave))
    pulses[np.arange(0, len(wave), rate / 110).astype(int)] = np.sqrt(rate / 110)
    pulses = _filtered(pulses, lambda f: f > 1500, rate, -200)
    made = (1 - mask) * wave + mask * (_amplitude(level) * wave + loud * pulses)
    return Planted(made, hertz=110)


def _metallic(wave: Wave, rate: int, level: float) -> Planted:
    """Add a tone at 3.1 kHz where there is hiss, `level` dB relative to it."""
    mask, size = _voiceless(wave, rate), round(0.03 * rate)
    loud = np.sqrt(np.convolve(wave**2, np.ones(size) / size, mode="same"))
    tone = np.sqrt(2) * np.cos(2 * np.pi * 3100 * _seconds(wave, rate))
    return Planted(wave + _amplitude(level) * mask * loud * tone, hertz=3100)


def _dropout(wave: Wave, rate: int, level: float) -> Planted:
    """`level` milliseconds of zeros at the loudest place."""
    place, size = _loudest(wave, rate), round(level / 1000 * rate)
    wave = wave.copy()
    wave[place : place + size] = 0
    return Planted(wave, place / rate, (place + size) / rate)


def _nan(wave: Wave, rate: int, level: float) -> Planted:
    wave = wave.copy()
    wave[len(wave) // 2 :][: int(level)] = np.nan
    return Planted(wave, len(wave) / 2 / rate, (len(wave) / 2 + level) / rate)


def _gain(wave: Wave, rate: int, level: float) -> Planted:
    return Planted(wave / np.sqrt(np.percentile(wave**2, 99)) * _amplitude(level))


def _second_channel(wave: Wave, rate: int, level: float) -> Planted:
    return Planted(np.stack([wave, _amplitude(level) * wave[::-1]]))


def _wrong_sign(wave: Wave, rate: int, level: float) -> Planted:
    return Planted(np.stack([wave, -_amplitude(level) * wave]))


PLANTS = {
    "line, rate / 4": Plant(
        "tonal_lines", "tonal line", (-45, -50, -55, -60), "dBFS", _line(lambda rate: rate / 4)
    ),
    "line, 3170 Hz": Plant(
        "tonal_lines", "tonal line", (-45, -50, -55, -60), "dBFS", _line(lambda rate: 3170)
    ),
    "checkerboard": Plant("tonal_lines", "tonal line", (-15, -20, -25), "dB", _checkerboard),
    "hum": Plant("hum", "mains hum", (-40, -45, -50), "dBFS", _hum),
    "offset": Plant("dc", "DC offset", (-34, -40, -46), "dBFS", _offset),
    "click at start": Plant(
        "end_clicks", "click at the start", (-20, -26, -32), "dBFS", _click_at_start
    ),
    "click at end": Plant("end_clicks", "click at the end", (-20, -26, -32), "dBFS", _click_at_end),
    "cut": Plant("end_clicks", "cut at the end", (0, -6), "dB", _cut),
    "click": Plant("clicks", "click", (12, 6, 0), "dB", _click),
    "seams": Plant("clicks", "click that comes back", (6, 0, -6), "dB", _seams),
    "clipping": Plant("clipping", "clipping", (-9, -6, -3), "dB", _clipped),
    "band limit": Plant("band_limit", "band limit", (-80, -40, -30), "dB", _band_limit),
    "hole": Plant("spectral_holes", "spectral hole", (-80, -30, -20), "dB", _hole),
    "buzz": Plant("buzz", "buzz", (-80, -12, -6), "dB", _buzz),
    "metallic hiss": Plant("buzz", "metallic tone", (0, -6, -12), "dB", _metallic),
    "dropout": Plant("dropouts", "dropout", (40, 10, 5), "ms", _dropout),
    "NaN": Plant("non_finite", "NaN or infinity", (1, 100), "samples", _nan),
    "too quiet": Plant("level", "too quiet", (-65, -55, -50), "dBFS", _gain),
    "too loud": Plant("level", "too loud", (6, 0), "dBFS", _gain),
    "silence": Plant("level", "silence", (-200,), "dBFS", _gain),
    "dead channel": Plant("level", "dead channel", (-200,), "dB", _second_channel),
    "unequal channels": Plant("level", "unequal channels", (-30, -24), "dB", _second_channel),
    "wrong sign": Plant("level", "channels cancel", (0, -1), "dB", _wrong_sign),
}
