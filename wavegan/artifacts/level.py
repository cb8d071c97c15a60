"""Detect levels that are too low or high, dead channels, and levels unlike the original's."""

import math

import numpy as np
from torch import Tensor

from wavegan.artifacts._spectrum import Array, decibels, level, spectrum
from wavegan.artifacts.base import Artifact, Finding, interpolate_non_finite

FRAME = 0.05
"""Seconds."""
SILENT = -80.0
"""dBFS of the largest sample below which a clip is silent."""
QUIET = -45.0
"""dBFS, RMS of the loud frames. speech-single, a quiet recording, has -30 to -20."""
QUIET_PEAK = -26.0
"""dBFS of the largest sample, as a high piano note is one short peak, and not too quiet."""
OVER = 1.0
"""Full scale, which float files can exceed."""
LOUD = -3.0
"""dBFS, RMS of the loud frames: that of a full-scale sine."""
UNEQUAL = 20.0
"""dB between channels; panned instruments differ by less over a clip."""
DEAD = 60.0
"""dB below the other channel at which a channel counts as dead."""
MISMATCH = 1.5
"""LU between a clip and its original; about 1 is just audible."""
GATE = 20.0
"""dB below the original's loudest frame; quieter frames are not compared."""


class Level(Artifact):
    """An unusual level of a clip or of one of its channels."""

    def __call__(self, audio: Tensor, sample_rate: int) -> list[Finding]:
        """At most one finding for the clip and one for its channels; `strength` in dB."""
        audio = interpolate_non_finite(audio)
        if not audio.numel():
            return []
        seconds = audio.shape[-1] / sample_rate
        peak = float(audio.abs().max())
        loud = [_loud(channel, sample_rate) for channel in audio]
        found = _whole(peak, max(loud), seconds)
        if len(loud) > 1 and level(peak**2) > SILENT:
            found += _channels(audio, loud, seconds)
        return found

    def look(self, wave: Tensor, sample_rate: int) -> list[Finding]:
        """The same for one channel."""
        return self(wave[None], sample_rate)

    def against(self, audio: Tensor, reference: Tensor, sample_rate: int) -> list[Finding]:
        """Findings the original does not have, and a difference in loudness (K-weighted, LU)."""
        found = super().against(audio, reference, sample_rate)
        difference = _difference(audio, reference, sample_rate)
        if difference is None or abs(difference) < MISMATCH:
            return found
        word = "louder" if difference > 0 else "quieter"
        return [
            *found,
            Finding(
                "level",
                "level mismatch",
                f"{abs(difference):.1f} LU {word} than the original",
                "the mel is from audio at another level than in training (peak normalisation, a "
                "window with another sum, magnitudes instead of powers), or gain was applied to "
                "the output: compare the two front-ends",
                0.0,
                audio.shape[-1] / sample_rate,
                abs(difference),
                "LU",
            ),
        ]


def _loud(wave: Tensor, sample_rate: int) -> float:
    """RMS of the louder frames, dBFS."""
    size = round(FRAME * sample_rate)
    if len(wave) < 2 * size:
        return level(float(wave.double().square().mean()))
    frames = wave[: len(wave) // size * size].double().reshape(-1, size)
    return level(float(np.percentile(frames.square().mean(1).numpy(), 90)))


def _whole(peak: float, loud: float, seconds: float) -> list[Finding]:
    top = level(peak**2)
    if top <= SILENT:
        text = "only silence" if peak == 0 else f"no sample above {top:.0f} dBFS"
        cause = "an empty recording, or a generator without output: check its input"
        return [_finding("silence", text, cause, seconds, SILENT - top)]
    if loud <= QUIET and top <= QUIET_PEAK:
        text = f"very quiet: {loud:.0f} dBFS in its loud parts, peak {top:.0f} dBFS"
        cause = (
            "a recording with too little gain, or mels of another scale than in training (another "
            "base of the logarithm, a mean and deviation not undone): compare the front-ends"
        )
        return [_finding("too quiet", text, cause, seconds, QUIET - loud)]
    if peak > OVER or loud >= LOUD:
        text = f"very loud: {loud:.0f} dBFS in its loud parts, peak {top:+.1f} dBFS"
        cause = "it clips when written as integers or played: lower its gain"
        return [_finding("too loud", text, cause, seconds, max(top, loud - LOUD))]
    return []


def _channels(audio: Tensor, loud: list[float], seconds: float) -> list[Finding]:
    difference = max(loud) - min(loud)
    weak = loud.index(min(loud)) + 1
    if difference >= UNEQUAL:
        what = "dead channel" if difference >= DEAD else "unequal channels"
        text = f"channel {weak} is {difference:.0f} dB quieter than the loudest"
        cause = "a cable, a muted track, or a mono source: train on the other channel alone"
        return [_finding(what, text, cause, seconds, difference)]
    mixed = _loud(audio.mean(0), round(audio.shape[-1] / seconds))
    if max(loud) - mixed >= UNEQUAL:
        text = f"the channels cancel: their mean is {max(loud) - mixed:.0f} dB quieter"
        cause = "one channel has the wrong sign, so mono playback is nearly silent: invert it"
        return [_finding("channels cancel", text, cause, seconds, max(loud) - mixed)]
    return []


def _finding(what: str, text: str, cause: str, seconds: float, strength: float) -> Finding:
    return Finding("level", what, text, cause, 0.0, seconds, strength, "dB")


def _difference(audio: Tensor, reference: Tensor, sample_rate: int) -> float | None:
    """Loudness of a clip minus its original's, LU, in the original's loud frames."""
    ours, theirs = (_loudness(clip, sample_rate) for clip in (audio, reference))
    count = min(len(ours), len(theirs))
    if theirs.max() <= SILENT or ours.max() <= SILENT:
        return None
    gate = theirs[:count] >= theirs[:count].max() - GATE
    powers = [np.power(10, values[:count][gate] / 10).mean() for values in (ours, theirs)]
    return 10 * math.log10(powers[0] / powers[1])


def _loudness(audio: Tensor, sample_rate: int) -> Array:
    """K-weighted level of each frame (L,), dB, summed over channels."""
    total = None
    for wave in interpolate_non_finite(audio):
        look = spectrum(wave, sample_rate, FRAME, overlap=2)
        weighted = np.power(10, (look.db + _k_weights(look.hertz)[:, None]) / 10).sum(0)
        total = weighted if total is None else total + weighted
    assert total is not None
    return decibels(total)


def _k_weights(hertz: Array) -> Array:
    """Weights of ITU-R BS.1770-4 at each frequency, dB: its two filters, as given for 48 kHz."""
    turn = np.exp(-2j * np.pi * np.minimum(hertz, 24000) / 48000)
    shelf = (1.53512485958697 - 2.69169618940638 * turn + 1.19839281085285 * turn**2) / (
        1 - 1.69065929318241 * turn + 0.73248077421585 * turn**2
    )
    high_pass = (1 - 2 * turn + turn**2) / (
        1 - 1.99004745483398 * turn + 0.99007225036621 * turn**2
    )
    return decibels(np.abs(shelf * high_pass) ** 2)
