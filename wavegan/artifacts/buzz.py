"""Detect buzz in the unvoiced parts of speech: pulses instead of breath."""

import numpy as np
from torch import Tensor

from wavegan.artifacts._spectrum import moving_median, runs, spectrum
from wavegan.artifacts._unvoiced import FRAME, Unvoiced, unvoiced
from wavegan.artifacts.base import Artifact, Finding

PERIODIC = 0.5
"""Autocorrelation of the envelope of a frame that buzzes; noise has 0.2, rarely 0.4."""
SHARE = 0.35
"""Share of the unvoiced frames that buzz; clean speech has 0.11 at most."""
FEWEST = 12
"""Fewest unvoiced frames."""
ALTERNATE = 2
"""Fewest unvoiced stretches, with voice between them, of speech; a note has one."""

METALLIC = 18.0
"""dB above its surroundings of a tone in the unvoiced frames' median spectrum; in clean speech
the highest bin has 13."""
LINE_FRAME, AROUND, LOWEST = 0.093, 300.0, 1000.0
"""Seconds; Hz on either side for the surroundings; Hz below which the voice has harmonics."""
CAUSE = (
    "a generator without noise input, trained too briefly, or trained on different mels: train "
    "longer, fine-tune on the mels of its use, or use a generator with noise input"
)


class Buzz(Artifact):
    """Hiss and breath with pulses, or with a tone at one frequency.

    The envelope above 1.8 kHz of an unvoiced frame is noise; pulses make it periodic.
    """

    def look(self, wave: Tensor, sample_rate: int) -> list[Finding]:
        """At most a "buzz" (`strength` is its periodicity, 0 to 1) or a "metallic tone" (dB)."""
        frames = unvoiced(wave, sample_rate)
        if frames is None or not _is_speech(frames):
            return []
        # pulses have harmonics, which are lines, too
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
            f"{share:.0%} of the unvoiced parts buzz, at about {hertz:.0f} Hz",
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
    """The strongest line in the median spectrum of the unvoiced frames."""
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
            f"a tone at {hertz:.0f} Hz in the unvoiced parts, {above[peak]:.0f} dB above the hiss "
            "around it",
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
    """Whether voiced and unvoiced stretches alternate."""
    stretches = [run for run in runs(frames.flags) if run[1] - run[0] >= 3]
    if frames.flags.sum() < FEWEST or len(stretches) < ALTERNATE:
        return False
    between = frames.voiced[stretches[0][1] : stretches[-1][0]]
    return bool(between.sum() >= 0.1 / frames.hop)
