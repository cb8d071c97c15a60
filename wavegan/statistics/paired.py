"""Whether one of two systems is better on the same clips: Fisher's sign-flip test."""

from collections.abc import Sequence

import numpy as np

EXACT = 14
"""Up to so many pairs all 2^n sign patterns are tried; beyond, random ones."""
DRAWS = 20_000
BLOCK = 2_000_000
SEED = 0


def sign_flip(differences: Sequence[float]) -> float:
    """The two-sided p-value of the mean difference being 0 (Fisher 1935, randomisation test).

    Under the null hypothesis each difference might as well have had the other sign. p is the share
    of sign patterns whose mean is at least as far from 0 as the one found: all 2^n of them up to
    14 pairs, else 20,000 random ones of fixed seed beside it. With 5 pairs p cannot be under 1/16.

    Args:
        differences: one a clip; those that are not finite are left out.

    Returns:
        0 to 1; NaN without a single pair.
    """
    kept = np.asarray(differences, dtype=np.float64)
    kept = kept[np.isfinite(kept)]
    if not len(kept):
        return float("nan")
    found = abs(kept.mean())
    # sums in another order differ in their last bits
    nearly = found * (1 - 1e-12)
    if len(kept) <= EXACT:
        patterns = np.arange(2 ** len(kept))[:, None] >> np.arange(len(kept)) & 1
        return float(np.mean(abs(((2 * patterns - 1) * kept).mean(1)) >= nearly))
    rng = np.random.default_rng(SEED)
    # a block at a time, so that thousands of clips do not become gigabytes
    block = max(1, BLOCK // len(kept))
    reached = 0
    for start in range(0, DRAWS, block):
        signs = rng.integers(2, size=(min(block, DRAWS - start), len(kept)), dtype=np.int8)
        reached += int(np.sum(abs((2.0 * signs - 1) @ kept) / len(kept) >= nearly))
    return (reached + 1) / (DRAWS + 1)


def holm(p_values: Sequence[float]) -> list[float]:
    """Adjust p-values for being several (Holm 1979); NaN stays NaN and counts for nothing."""
    known = sorted((p, place) for place, p in enumerate(p_values) if p == p)  # noqa: PLR0124
    adjusted = [float("nan")] * len(p_values)
    largest = 0.0
    for rank, (p, place) in enumerate(known):
        largest = max(largest, min(1.0, p * (len(known) - rank)))
        adjusted[place] = largest
    return adjusted
