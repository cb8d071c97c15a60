"""Significance of the difference of two systems on the same clips: Fisher's sign-flip test."""

from collections.abc import Sequence

import numpy as np

EXACT = 14
"""Most pairs for which all 2^n sign patterns are tried; with more pairs, random patterns."""
DRAWS = 20_000
BLOCK = 2_000_000
SEED = 0


def sign_flip(differences: Sequence[float]) -> float:
    """The two-sided p-value of the mean difference being 0 (Fisher 1935, randomisation test).

    Under the null hypothesis each difference is equally likely to have the other sign. p is the
    share of sign patterns whose mean is at least as far from 0 as the observed mean: of all 2^n
    patterns for up to 14 pairs, else of the observed one and 20,000 random ones with a fixed seed.
    With 5 pairs p cannot be below 1/16.

    Args:
        differences: one per clip; values that are not finite are ignored.

    Returns:
        0 to 1; NaN if there are no pairs.
    """
    kept = np.asarray(differences, dtype=np.float64)
    kept = kept[np.isfinite(kept)]
    if not len(kept):
        return float("nan")
    found = abs(kept.mean())
    # sums in a different order differ in their last bits
    nearly = found * (1 - 1e-12)
    if len(kept) <= EXACT:
        patterns = np.arange(2 ** len(kept))[:, None] >> np.arange(len(kept)) & 1
        return float(np.mean(abs(((2 * patterns - 1) * kept).mean(1)) >= nearly))
    rng = np.random.default_rng(SEED)
    # in blocks, because thousands of clips would take gigabytes
    block = max(1, BLOCK // len(kept))
    reached = 0
    for start in range(0, DRAWS, block):
        signs = rng.integers(2, size=(min(block, DRAWS - start), len(kept)), dtype=np.int8)
        reached += int(np.sum(abs((2.0 * signs - 1) @ kept) / len(kept) >= nearly))
    return (reached + 1) / (DRAWS + 1)


def holm(p_values: Sequence[float]) -> list[float]:
    """Adjust p-values for multiple tests (Holm 1979); NaN stays NaN and does not count."""
    known = sorted((p, place) for place, p in enumerate(p_values) if p == p)  # noqa: PLR0124
    adjusted = [float("nan")] * len(p_values)
    largest = 0.0
    for rank, (p, place) in enumerate(known):
        largest = max(largest, min(1.0, p * (len(known) - rank)))
        adjusted[place] = largest
    return adjusted
