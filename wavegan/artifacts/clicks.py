"""Clicks inside a clip, single ones and those that come back at every seam of a stream."""

import math

import numpy as np
from numpy.typing import NDArray
from torch import Tensor

from wavegan.artifacts._impulses import REACH, core_size, isolation, residual, sharpness
from wavegan.artifacts._spectrum import Array
from wavegan.artifacts.base import Artifact, Finding

ISOLATED, SHARP, BOTH = 2.0, 6.0, 50.0
"""Times the largest residual within 20 ms on either side; times the largest bend of the wave within
1 ms, two samples on either side left out; and the product of the two. Clicks of lips ring, and
glottal pulses come in rows: in 1,000 recordings the product was
41 at most, but for three with clicks in them."""
LEAST = 0.003
"""Smallest residual, of full scale."""
BELOW = 0.05
"""Smallest residual, of the loud parts' RMS."""
WEAK = 2.0
"""ISOLATED and SHARP of clicks that count only by coming back."""
PERIODS = 5
"""Samples that may hold a click that comes back: its place, two before and two after."""
AGAIN = 4
"""Times that a click must come back."""
FILLED = 0.35
"""Share of the places in the row at which there is a click: loud sound covers others."""
CHANCE = 1e-5
"""Probability that as many clicks fall on one row by chance, over all rows that were tried."""
STRONGEST = 300
"""Clicks that rows are looked for among."""
SHOWN = 4


class Clicks(Artifact):
    """Impulses of a few samples that no sound around them announces.

    A clip is whitened by linear prediction; what is left is compared with what is left on both
    sides of it (Godsill and Rayner 1998, "Digital Audio Restoration", chapter 5).
    """

    def look(self, wave: Tensor, sample_rate: int) -> list[Finding]:
        """A row that comes back, then single ones; `strength` is dB above what is around."""
        if len(wave) < 3 * REACH * sample_rate:
            return []
        places, ratios, sharp = _candidates(wave, sample_rate)
        found = []
        row = _row(places[np.argsort(-ratios)[:STRONGEST]], len(wave), sample_rate)
        single = (ratios >= ISOLATED) & (sharp >= SHARP) & (ratios * sharp >= BOTH)
        if row is not None:
            period, members = row
            inside = np.isin(places, members)
            found.append(_row_finding(period, np.sort(members), ratios[inside], sample_rate))
            single &= ~inside
        if single.any():
            found.append(_single_finding(places[single], ratios[single], sample_rate))
        return found


def _candidates(wave: Tensor, sample_rate: int) -> tuple[NDArray[np.int64], Array, Array]:
    """Places of impulses, how isolated and how sharp they are."""
    left = residual(wave, sample_rate)
    ratio = isolation(left, sample_rate)
    core, reach = core_size(sample_rate), round(REACH * sample_rate)
    values = wave.double().numpy()
    blocks = values[: len(values) // reach * reach].reshape(-1, reach)
    loud = math.sqrt(float(np.percentile(np.square(blocks).mean(1), 95)))
    flags = (ratio >= WEAK) & (left >= max(LEAST, BELOW * loud))
    flags[:reach] = flags[-reach:] = False
    found: dict[int, tuple[float, float]] = {}
    for place in np.flatnonzero(flags):
        if left[place] == left[place - core : place + core + 1].max():
            exact, sharp = sharpness(values, int(place), core)
            if sharp >= WEAK:
                found[exact] = (float(ratio[place]), sharp)
    measured = np.array(list(found.values())).reshape(-1, 2)
    return np.array(list(found), dtype=np.int64), measured[:, 0], measured[:, 1]


def _row(
    places: NDArray[np.int64], samples: int, sample_rate: int
) -> tuple[int, NDArray[np.int64]] | None:
    """The period, samples, at which most of the places come back, and those places."""
    places = np.sort(places)
    if len(places) < AGAIN:
        return None
    tried = {
        (int(later - first), int(first))
        for step in range(1, 5)
        for first, later in zip(places[:-step], places[step:], strict=True)
        if REACH * sample_rate <= later - first <= samples / AGAIN
    }
    best: tuple[int, NDArray[np.int64]] | None = None
    for period, first in sorted(tried):
        off = (places - first + period // 2) % period - period // 2
        members = places[np.abs(off) <= PERIODS // 2]
        if len(members) < AGAIN or len(members) < FILLED * samples / period:
            continue
        expected = max(len(places) * PERIODS / period, 1e-9)
        chance = len(tried) * math.exp(
            len(members) * math.log(expected) - math.lgamma(len(members) + 1)
        )
        if chance <= CHANCE and (best is None or len(members) > len(best[1])):
            best = period, members
    return best


def _row_finding(
    period: int, members: NDArray[np.int64], ratios: Array, sample_rate: int
) -> Finding:
    # over many periods the mean is exact to a fraction of a sample
    turns = np.round((members - members[0]) / period)
    exact = float(np.polyfit(turns, members, 1)[0])
    seconds = exact / sample_rate
    return Finding(
        "clicks",
        "click that comes back",
        f"{len(members)} clicks, one every {seconds:.4f} s ({exact:.0f} samples), from "
        f"{members[0] / sample_rate:.3f} s on",
        f"chunks that are put together without enough context: give each chunk the frames around "
        f"it that the generator sees, and drop their output; {exact:.0f} samples are the chunk, or "
        "a multiple of the hop",
        float(members[0] / sample_rate),
        float(members[-1] / sample_rate),
        float(20 * np.log10(np.median(ratios))),
        "dB",
    )


def _single_finding(places: NDArray[np.int64], ratios: Array, sample_rate: int) -> Finding:
    times = [f"{place / sample_rate:.3f}" for place in places]
    shown = ", ".join(times[:SHOWN]) + (", …" if len(times) > SHOWN else "")
    strongest = float(20 * np.log10(ratios.max()))
    count = "a click" if len(times) == 1 else f"{len(times)} clicks"
    return Finding(
        "clicks",
        "click",
        f"{count} at {shown} s, {strongest:.0f} dB above what is around",
        "a lost or repeated sample, a cut without a fade, or a generator that breaks out: listen "
        "there; leave such clips out of the training data",
        float(places[0] / sample_rate),
        float(places[-1] / sample_rate),
        strongest,
        "dB",
    )
