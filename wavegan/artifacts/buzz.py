"""Pulses where there should be breath: buzz in the parts of speech that have no voice."""

import numpy as np
from torch import Tensor

from wavegan.artifacts._spectrum import moving_median, runs, spectrum
from wavegan.artifacts._unvoiced import FRAME, Unvoiced, unvoiced
from wavegan.artifacts.base import Artifact, Finding

PERIODIC = 0.5
"""Autocorrelation of the envelope from which a frame buzzes; of noise it is 0.2, seldom 0.4."""
SHARE = 0.35
"""Of the unvoiced frames that buzz; in clean speech 0.11 at most."""
FEWEST = 12
"""Unvoiced frames that it takes."""
ALTERNATE = 2
"""Stretches without voice, with voice between them, that make speech: a note has one."""

METALLIC = 18.0
"""dB above the surroundings of a tone in the median spectrum of the unvoiced frames; in clean
speech the highest of all bins reaches 13."""
LINE_FRAME, AROUND, LOWEST = 0.093, 300.0, 1000.0
"""Seconds; Hz on either side that it stands out from; Hz: below are harmonics of the voice."""
CAUSE = (
    "a generator without noise input, trained too short, or on mels unlike these: train on, "
    "fine-tune on the mels it will get, or feed it noise"
)


class Buzz(Artifact):
    """Pitch where there is none: hiss and breath that pulse, or that ring at one frequency.

    The envelope above 1.8 kHz of a frame without voice is noise; pulses make it periodic.
    """

    def look(self, wave: Tensor, sample_rate: int) -> list[Finding]:
        """At most a "buzz", whose `strength` is its periodicity, 0 to 1, and a "metallic tone"."""
        frames = unvoiced(wave, sample_rate)
        if frames is None or not _is_speech(frames):
            return []
        # pulses have harmonics, which are lines too
        return _pulses(frames) or _metallic(wave, sample_rate, frames)


def _pulses(frames: Unvoiced) -> list[Finding]:
    buzzing = frames.flags & (frames.periodicity >= PERIODIC)
    share = buzzing.sum() / frames.flags.sum()
    if share < SHARE:
        return []
    places = np.flatnonzero(buzzing)
    hertz = float(np.median(frames.hertz[buzzing]))
    strength = float(np.median(frames.periodicity[buzzing]))
    return [
        Finding(
            "buzz",
            "buzz",
            f"{share:.0%} of the parts without voice buzz, at about {hertz:.0f} Hz",
            CAUSE,
            float(places[0] * frames.hop),
            float(places[-1] * frames.hop + FRAME),
            strength,
            "periodicity",
            hertz,
            hertz,
        )
    ]


def _metallic(wave: Tensor, sample_rate: int, frames: Unvoiced) -> list[Finding]:
    """The strongest line in the median spectrum of what has no voice."""
    look = spectrum(wave, sample_rate, LINE_FRAME, overlap=8)
    middles = np.arange(look.db.shape[1]) * look.hop + look.frame / 2
    nearest = np.round((middles - FRAME / 2) / frames.hop).astype(int)
    voiceless = frames.flags[nearest.clip(0, len(frames.flags) - 1)]
    if voiceless.sum() < FEWEST:
        return []
    usual = np.median(look.db[:, voiceless], axis=1)
    above = usual - moving_median(usual, round(AROUND / look.bin_hz))
    above[look.hertz < LOWEST] = above[-3:] = 0
    peak, at = int(above.argmax()), middles[voiceless]
    if above[peak] < METALLIC:
        return []
    hertz = peak * look.bin_hz
    return [
        Finding(
            "buzz",
            "metallic tone",
            f"a tone at {hertz:.0f} Hz in the parts without voice, {above[peak]:.0f} dB above the "
            "hiss around it",
            CAUSE,
            float(at[0]),
            float(at[-1]),
            float(above[peak]),
            "dB",
            hertz,
            hertz,
        )
    ]


def _is_speech(frames: Unvoiced) -> bool:
    """Whether stretches with and without voice take turns."""
    stretches = [run for run in runs(frames.flags) if run[1] - run[0] >= 3]
    if frames.flags.sum() < FEWEST or len(stretches) < ALTERNATE:
        return False
    between = frames.voiced[stretches[0][1] : stretches[-1][0]]
    return bool(between.sum() >= 0.1 / frames.hop)
