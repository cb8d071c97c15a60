"""Detect clicks at the start and end of a clip."""

import math

import numpy as np
from torch import Tensor

from wavegan.artifacts._spectrum import Array
from wavegan.artifacts.base import Artifact, Finding

BURST = 0.005
"""Longest click at the edge, seconds."""
GAP = 0.06
"""Seconds next to it that must be quiet."""
LOUDER = 4.0
"""Smallest ratio of the click to the largest sample of the gap."""
LEAST = 0.004
"""Smallest peak, as a share of full scale."""
BELOW = 0.02
"""Smallest peak, as a share of the clip's largest sample."""
RETURN = 4.0
"""Smallest ratio of the sound beyond the gap to the gap, as a drum hit that dies away is not a
click."""
JUMP = 6.0
"""Smallest ratio of a cut's jump from or to zero to the largest sample step within 10 ms."""
NEAR = 0.01
"""Seconds."""
LEAST_JUMP = 0.02
"""Smallest jump, as a share of full scale."""
JUMP_BELOW = 0.05
"""Smallest jump, as a share of the clip's largest sample."""
LOUD_END = 0.35
"""Level of the end relative to the RMS of the loud frames (-9 dB) above which it is cut off."""
WRAP = 2.0
"""Largest ratio of the difference between a loop's first and last sample to that step."""


class EndClicks(Artifact):
    """A burst in the first or last 5 ms next to quiet, or a wave cut off far from zero."""

    def look(self, wave: Tensor, sample_rate: int) -> list[Finding]:
        """At most one finding per edge; `strength` is dB above the sound next to it, or dBFS."""
        values = wave.double().numpy()
        sound = np.flatnonzero(values)
        if not len(sound):
            return []
        first, last = int(sound[0]), int(sound[-1])
        wanted = values[first : last + 1]
        # an offset is a separate finding
        wanted = wanted - np.median(wanted)
        seconds = (first / sample_rate, (last + 1) / sample_rate)
        found = []
        for edge, away in (("start", wanted), ("end", wanted[::-1])):
            at = seconds[edge == "end"]
            burst = _burst(away, sample_rate)
            if burst is not None:
                found.append(
                    _finding(edge, at, burst, abs(away[: round(BURST * sample_rate)]).max())
                )
            elif _wraps(wanted, sample_rate):
                continue
            elif _jump(away, sample_rate):
                found.append(_cut(edge, at, float(away[0]), False))
            elif edge == "end" and _breaks_off(away, sample_rate):
                found.append(_cut(edge, at, float(away[0]), True))
        return found


def _burst(away: Array, sample_rate: int) -> float | None:
    """Ratio of the burst at the edge to the gap, None if there is no burst; `away` runs inwards."""
    size, gap = round(BURST * sample_rate), round(GAP * sample_rate)
    if len(away) < 3 * gap:
        return None
    peak, beside = np.abs(away[:size]).max(), np.abs(away[size : size + gap]).max()
    beyond = np.abs(away[size + gap :]).max()
    least = max(LEAST, BELOW * max(peak, beyond), LOUDER * beside)
    return float(peak / max(beside, 1e-5)) if peak >= least and beyond >= RETURN * beside else None


def _steps(away: Array, sample_rate: int) -> float:
    """The largest sample step near an edge."""
    return float(np.abs(np.diff(away[: round(NEAR * sample_rate)])).max(initial=0.0))


def _wraps(wave: Array, sample_rate: int) -> bool:
    """Whether the first sample continues the last one, as in a loop."""
    step = max(_steps(wave, sample_rate), _steps(wave[::-1], sample_rate))
    ends = np.abs(wave[[0, -1]]).max()
    return bool(abs(wave[0] - wave[-1]) <= WRAP * step and ends > step)


def _jump(away: Array, sample_rate: int) -> bool:
    """Whether the wave jumps from zero, unlike the wave near it."""
    peak = np.abs(away).max()
    least = max(LEAST_JUMP, JUMP_BELOW * peak, JUMP * _steps(away, sample_rate))
    return len(away) >= 3 * GAP * sample_rate and bool(abs(away[0]) >= least)


def _breaks_off(away: Array, sample_rate: int) -> bool:
    """Whether the clip ends in the middle of loud sound, away from zero."""
    size = round(NEAR * sample_rate)
    if len(away) < 3 * GAP * sample_rate:
        return False
    frames = away[: len(away) // size * size].reshape(-1, size)
    loud = np.sqrt(np.percentile(np.square(frames).mean(1), 95))
    last = np.sqrt(np.square(frames[0]).mean())
    return bool(last >= LOUD_END * loud and abs(away[0]) >= max(LEAST_JUMP, JUMP_BELOW * loud))


def _finding(edge: str, at: float, ratio: float, peak: float) -> Finding:
    decibel = float(20 * np.log10(ratio))
    return Finding(
        "end_clicks",
        f"click at the {edge}",
        f"click at the {edge}, peak {20 * np.log10(peak):.0f} dBFS, {decibel:.0f} dB above the "
        "sound next to it",
        "padding: the convolutions get zeros instead of frames of silence: pad the mel with "
        "frames of its floor on both sides, and cut their output off",
        at,
        at,
        decibel,
        "dB",
    )


def _cut(edge: str, at: float, value: float, minor: bool) -> Finding:
    where = "in the middle of loud sound" if minor else "with a jump"
    return Finding(
        "end_clicks",
        f"cut at the {edge}",
        f"the {edge} is cut off at {value:+.3f}, {where}",
        "a cut without a fade: fade over 5 ms, or cut where it is quiet; harmless in a loop",
        at,
        at,
        20 * math.log10(abs(value)),
        "dBFS",
        minor=minor,
    )
