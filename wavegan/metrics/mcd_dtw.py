"""Mel-cepstral distortion with dynamic time warping, for clips that are not aligned."""

from typing import Any

import numpy as np
from numpy.typing import NDArray
from torch import Tensor

from wavegan.metrics import _mel_cepstrum
from wavegan.metrics._mel_cepstrum import DECIBELS, mel_cepstrum
from wavegan.metrics._pair import comparable
from wavegan.metrics.base import Metric


class MCDDTW(Metric):
    """MCD in dB after dynamic time warping: the mean distance along the cheapest path.

    The mel-cepstra of `mcd`. A path runs from the first pair of frames to the last by steps
    (1, 1), (1, 0) and (0, 1), each of weight 1; its cost is the sum of the Euclidean distances of
    its pairs (c0 left out), and that of the cheapest path is divided by its number of pairs. 0
    for equal clips, and never above `mcd` if lengths are equal; the mean over channels.

    Clips may differ in length by any amount, without the limit of 25 ms of other metrics. Timing
    and duration do not count. A second has 100 frames, and computing time grows with the product
    of both counts.

    Source: Kubichek 1993, as `mcd`; Sakoe and Chiba 1978, "Dynamic programming algorithm
    optimization for spoken word recognition".
    """

    label = "MCD-DTW ↓"
    unit = "dB"
    any_length = True

    @property
    def settings(self) -> dict[str, Any]:
        """Those of `mcd`, with the steps and the divisor of the cost."""
        steps = {"steps": [[1, 1], [1, 0], [0, 1]], "divided_by": "pairs of the path"}
        return {**_mel_cepstrum.settings(), **steps}

    def __call__(self, estimate: Tensor, reference: Tensor, sample_rate: int) -> float:
        """Compare `(C, T)` with `(C, U)` of any two lengths."""
        pair = comparable(estimate, reference)
        found, wanted = (mel_cepstrum(clip, sample_rate).numpy() for clip in pair)
        costs = [_cheapest(e, r) for e, r in zip(found, wanted, strict=True)]
        return float(DECIBELS * np.mean([cost / length for cost, length in costs]))


def _cheapest(first: NDArray[Any], second: NDArray[Any]) -> tuple[float, int]:
    """Cost and number of pairs of the cheapest path between `(L, D)` and `(M, D)`.

    Pairs (i, k - i) of one k depend only on the previous two k, so they are computed together,
    without a matrix of all pairs.
    """
    rows, columns = len(first), len(second)
    older, old = _edge(rows), _edge(rows)
    old[0][1], old[1][1] = np.linalg.norm(first[0] - second[0]), 1
    for k in range(1, rows + columns - 1):
        low, high = max(0, k - columns + 1), min(rows, k + 1)
        i = np.arange(low, high)
        distance = np.linalg.norm(first[i] - second[k - i], axis=1)
        # the diagonal step first, so it wins if costs are equal
        came = np.stack([older[0][i], old[0][i], old[0][i + 1]])
        pairs = np.stack([older[1][i], old[1][i], old[1][i + 1]])
        best = came.argmin(0)
        now = _edge(rows)
        now[0][i + 1] = distance + np.take_along_axis(came, best[None], 0)[0]
        now[1][i + 1] = 1 + np.take_along_axis(pairs, best[None], 0)[0]
        older, old = old, now
    return float(old[0][rows]), int(old[1][rows])


def _edge(rows: int) -> tuple[NDArray[Any], NDArray[Any]]:
    """Initial costs and pairs of one k, by i + 1: none is reachable yet."""
    return np.full(rows + 1, np.inf), np.zeros(rows + 1, int)
