"""Detect clicks inside a clip: single ones, and periodic ones, as at the seams of a stream."""

import math

import numpy as np
from numpy.typing import NDArray
from torch import Tensor

from wavegan.artifacts._impulses import REACH, core_size, isolation, residual, sharpness
from wavegan.artifacts._spectrum import Array
from wavegan.artifacts.base import Artifact, Finding

ISOLATED, SHARP, BOTH = 2.0, 6.0, 50.0
"""Smallest ratio to the largest residual within 20 ms on either side; to the largest bend of the
wave within 1 ms, without two samples on either side; and the smallest product of the two. Lip
clicks ring, and glottal pulses come in rows: in 1,000 recordings the product was at most 41, except
for three with real clicks."""
LEAST = 0.003
"""Smallest residual, as a share of full scale."""
BELOW = 0.05
"""Smallest residual, as a share of the RMS of the loud parts."""
WEAK = 2.0
"""ISOLATED and SHARP for clicks that count only if they are periodic."""
PERIODS = 5
"""Width of the place of a periodic click, samples: two before and two after."""
AGAIN = 4
"""Fewest periodic clicks."""
FILLED = 0.35
"""Smallest share of the periods with a click; loud sound may mask others."""
CHANCE = 1e-5
"""Largest probability of as many periodic clicks by chance, over all tried periods."""
STRONGEST = 300
"""Number of clicks to search for periods."""
SHOWN = 4


class Clicks(Artifact):
    """Impulses of a few samples that stand out from the sound around them.

    A clip is whitened by linear prediction, and each sample of the residual is compared with those
    on both sides (Godsill and Rayner 1998, "Digital Audio Restoration", chapter 5).
    """

    def look(self, wave: Tensor, sample_rate: int) -> list[Finding]:
        """Periodic clicks, then single ones; `strength` is dB above the surroundings."""
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
    """Places of impulses, their isolation and their sharpness."""
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
    """The period, in samples, that most of the places share, and those places."""
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
        f"chunks that were joined without enough context: decode each chunk with the frames "
        f"around it that the generator needs, and drop their output; {exact:.0f} samples are the "
        "length of a chunk, or a multiple of the hop",
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
        f"{count} at {shown} s, {strongest:.0f} dB above the surroundings",
        "a lost or repeated sample, a cut without a fade, or an unstable generator: listen "
        "there; leave such clips out of the training data",
        float(places[0] / sample_rate),
        float(places[-1] / sample_rate),
        strongest,
        "dB",
    )
