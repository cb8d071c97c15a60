"""Clicks where a clip begins or ends."""

import math

import numpy as np
from torch import Tensor

from wavegan.artifacts._spectrum import Array
from wavegan.artifacts.base import Artifact, Finding

BURST = 0.005
"""Seconds at the edge that a click takes up."""
GAP = 0.06
"""Seconds after it that have to be quiet."""
LOUDER = 4.0
"""Times the largest sample of the gap."""
LEAST = 0.004
"""Smallest peak, of full scale."""
BELOW = 0.02
"""Smallest peak, of the clip's largest sample."""
RETURN = 4.0
"""Times the largest sample of the gap that sound comes back to beyond it: a drum that is hit and
dies away is no click."""
JUMP = 6.0
"""Times the largest step from sample to sample within 10 ms that a cut jumps from or to zero."""
NEAR = 0.01
"""Seconds."""
LEAST_JUMP = 0.02
"""Smallest jump, of full scale."""
JUMP_BELOW = 0.05
"""Smallest jump, of the clip's largest sample."""
LOUD_END = 0.35
"""Times the RMS of the clip's loud frames (-9 dB) at which it does not end but is broken off."""
WRAP = 2.0
"""Times that largest step by which a loop's last sample and first may differ."""


class EndClicks(Artifact):
    """A burst in the first or last 5 ms with quiet beside it, or a wave cut off far from zero."""

    def look(self, wave: Tensor, sample_rate: int) -> list[Finding]:
        """At most one finding an edge; `strength` is dB above what is beside it."""
        values = wave.double().numpy()
        sound = np.flatnonzero(values)
        if not len(sound):
            return []
        first, last = int(sound[0]), int(sound[-1])
        heard = values[first : last + 1]
        # an offset is a finding of its own
        heard = heard - np.median(heard)
        seconds = (first / sample_rate, (last + 1) / sample_rate)
        found = []
        for edge, away in (("start", heard), ("end", heard[::-1])):
            at = seconds[edge == "end"]
            burst = _burst(away, sample_rate)
            if burst is not None:
                found.append(
                    _finding(edge, at, burst, abs(away[: round(BURST * sample_rate)]).max())
                )
            elif _wraps(heard, sample_rate):
                continue
            elif _jump(away, sample_rate):
                found.append(_cut(edge, at, float(away[0]), False))
            elif edge == "end" and _breaks_off(away, sample_rate):
                found.append(_cut(edge, at, float(away[0]), True))
        return found


def _burst(away: Array, sample_rate: int) -> float | None:
    """How many times the burst at the edge is louder than the gap; `away` goes away from it."""
    size, gap = round(BURST * sample_rate), round(GAP * sample_rate)
    if len(away) < 3 * gap:
        return None
    peak, beside = np.abs(away[:size]).max(), np.abs(away[size : size + gap]).max()
    beyond = np.abs(away[size + gap :]).max()
    least = max(LEAST, BELOW * max(peak, beyond), LOUDER * beside)
    return float(peak / max(beside, 1e-5)) if peak >= least and beyond >= RETURN * beside else None


def _steps(away: Array, sample_rate: int) -> float:
    """The largest step from sample to sample near an edge."""
    return float(np.abs(np.diff(away[: round(NEAR * sample_rate)])).max(initial=0.0))


def _wraps(heard: Array, sample_rate: int) -> bool:
    """Whether the first sample goes on where the last one ends, as in a loop."""
    step = max(_steps(heard, sample_rate), _steps(heard[::-1], sample_rate))
    ends = np.abs(heard[[0, -1]]).max()
    return bool(abs(heard[0] - heard[-1]) <= WRAP * step and ends > step)


def _jump(away: Array, sample_rate: int) -> bool:
    """Whether the wave jumps from zero as it does nowhere near."""
    peak = np.abs(away).max()
    least = max(LEAST_JUMP, JUMP_BELOW * peak, JUMP * _steps(away, sample_rate))
    return len(away) >= 3 * GAP * sample_rate and bool(abs(away[0]) >= least)


def _breaks_off(away: Array, sample_rate: int) -> bool:
    """Whether the clip ends in the middle of loud sound, and not at a zero of it."""
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
        f"click at the {edge}, peak {20 * np.log10(peak):.0f} dBFS, {decibel:.0f} dB above what is "
        "beside it",
        "padding: the convolutions see zeros where frames of silence should be: pad the mel with "
        "frames of its floor on both sides, and cut their output off",
        at,
        at,
        decibel,
        "dB",
    )


def _cut(edge: str, at: float, value: float, minor: bool) -> Finding:
    where = "in the middle of loud sound" if minor else "with a jump that nothing near announces"
    return Finding(
        "end_clicks",
        f"cut at the {edge}",
        f"the {edge} is cut off at {value:+.3f}, {where}",
        "cut without a fade: fade over 5 ms, or cut where it is quiet; harmless in a loop",
        at,
        at,
        20 * math.log10(abs(value)),
        "dBFS",
        minor=minor,
    )
