"""Detect tonal lines: the checkerboard artifacts of transposed convolutions."""

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from torch import Tensor

from wavegan.artifacts._lines import (
    Line,
    levels_without,
    line_spectrum,
    lines_at_all_levels,
    steady_lines,
)
from wavegan.artifacts._mains import of_mains
from wavegan.artifacts._spectrum import Array
from wavegan.artifacts.base import Artifact, Finding

PROMINENCE = 10.0
"""Smallest prominence in quiet parts, dB."""
BELOW = 45.0
"""dB below the clip's loud parts at which a line does not matter. The 8 kHz whine of the USB
microphone of speech-single is 51 dB below."""
ABOVE = 12.0
"""dB below the loud parts above which a line is part of the sound, such as a bass note."""
VARIES = 12.0
"""Smallest difference between a clip's loud and quiet parts, dB, that distinguishes a line from a
held note."""
SECONDS = 1.5
"""Shortest clip, seconds, that distinguishes a steady line from a ringing drum."""
FOLLOWING = 9.0
"""Prominence in the median frame of a line that may follow the level of the sound, dB; speech has
at most 6 at such frequencies."""
FOLLOWING_BELOW = 55.0
"""dB below the clip's loud parts at which such a line is minor."""
COARSE = (2, 4, 8)
"""Divisors of the sample rate; such lines are searched at their multiples."""
FINE = (2, 4, 8, 16, 32, 64, 128, 256, 512)
"""Divisors at whose multiples a steady line is attributed to upsampling by powers of two."""
WIDEST_STEP = 500.0
"""Smallest distance between such frequencies of a generator's stage, Hz; closer ones match by
chance."""
TOLERANCE = 0.3
"""Tolerance of a line's frequency, bins."""
DEEP, DEEP_PROMINENCE = 150.0, 20.0
"""Hz below which rooms rumble, and the prominence required there, dB."""
UPSAMPLING = (
    "upsampling by transposed convolutions (or generating samples in groups) has this pattern: "
    "train longer, or upsample by interpolation and a convolution, or with kernels that are a "
    "multiple of the stride; a notch removes it from this file"
)
OTHER = (
    "a steady tone in addition to the sound: a resonance of the generator, or a whine in the data "
    "(USB microphones at multiples of 1 kHz, screens near 15.7 kHz): listen to the data there"
)


@dataclass(frozen=True)
class _Stages:
    """Frequencies of upsampling lines: (distance in Hz, their origin)."""

    steps: tuple[tuple[float, str], ...]
    tolerance: float

    def of(self, hertz: float, least: float = 0.0) -> str:
        """The origin of a line, or ""; the widest step is the most likely."""
        for step, name in self.steps:
            turns = round(hertz / step)
            if step >= least and turns and abs(hertz - turns * step) <= self.tolerance:
                return name
        return ""


class TonalLines(Artifact):
    """Narrow lines at a fixed frequency, in both quiet and loud parts.

    A transposed convolution of stride s turns a constant into a pattern of period s, so lines are
    at multiples of its input's sample rate (Odena, Dumoulin and Olah 2016, "Deconvolution and
    Checkerboard Artifacts", 10.23915/distill.00003; Pons, Pascual, Cengarle and Serrà 2021,
    "Upsampling Artifacts in Neural Audio Synthesis", arXiv:2010.14356).

    Args:
        upsample_rates: upsampling rates of the generator, to name the stage; None if not known.
        hop_length: samples per mel frame, which give the input rate of the first stage.
    """

    def __init__(
        self, upsample_rates: Sequence[int] | None = None, hop_length: int | None = None
    ) -> None:
        self.upsample_rates = None if upsample_rates is None else tuple(upsample_rates)
        self.hop_length = hop_length

    def look(self, wave: Tensor, sample_rate: int) -> list[Finding]:
        """Lines, lowest first; `strength` is the prominence in dB."""
        look = line_spectrum(wave, sample_rate)
        if look is None:
            return []
        stages = self._stages(sample_rate, TOLERANCE * look.bin_hz)
        loud = float(np.percentile(look.levels, 90))
        steady = steady_lines(look, PROMINENCE)
        free = len(wave) >= SECONDS * sample_rate and _varies(levels_without(look, steady))
        lines = [
            line
            for line in steady
            if loud - BELOW <= line.level <= loud - ABOVE
            and of_mains(line.hertz) is None
            and (line.hertz >= DEEP or line.prominence >= DEEP_PROMINENCE)
            and (free or stages.of(line.hertz, self._least(sample_rate)))
        ]
        found = [_finding(line, stages.of(line.hertz), loud) for line in lines]
        following = [
            (line, stages.of(line.hertz, self._least(sample_rate)))
            for line in lines_at_all_levels(look, FOLLOWING)
        ]
        staged = [_finding(line, stage, loud) for line, stage in following if stage]
        # a note has lines everywhere, not only at the frequencies of stages
        if len(staged) >= len(following) / 2:
            found += [x for x in staged if not any(x.is_like(other) for other in found)]
        return sorted(found, key=lambda finding: finding.low or 0.0)

    def _least(self, sample_rate: int) -> float:
        return WIDEST_STEP if self.upsample_rates else sample_rate / max(COARSE)

    def _stages(self, sample_rate: int, tolerance: float) -> _Stages:
        if self.upsample_rates is None:
            steps = [(sample_rate / n, f"at a multiple of the sample rate / {n}") for n in FINE]
            return _Stages(tuple(steps), tolerance)
        rate = sample_rate / (self.hop_length or math.prod(self.upsample_rates))
        steps = []
        for number, factor in enumerate(self.upsample_rates, 1):
            if factor > 1:
                steps.append((rate, f"stage {number} (x{factor}) of your generator"))
            rate *= factor
        return _Stages(tuple(reversed(steps)), tolerance)


def _varies(levels: Array) -> bool:
    return bool(np.percentile(levels, 95) - np.percentile(levels, 5) >= VARIES)


def _finding(line: Line, stage: str, loud: float) -> Finding:
    cause = f"{stage}: {UPSAMPLING}" if stage else OTHER
    return Finding(
        "tonal_lines",
        "tonal line",
        f"tonal line at {line.hertz:.0f} Hz, {line.level:.0f} dBFS ({loud - line.level:.0f} dB "
        f"below the loud parts), {line.prominence:.0f} dB above its surroundings",
        cause,
        line.start,
        line.end,
        line.prominence,
        "dB",
        line.hertz,
        line.hertz,
        minor=line.level < loud - FOLLOWING_BELOW,
        stage=stage,
    )
