"""Euclidean distances between the clips of two sets, in slices to save memory."""

from collections.abc import Iterator

import torch
from torch import Tensor

SLICE = 512


def nearest(clips: Tensor, among: Tensor) -> Tensor:
    """Return the distance of each clip to its nearest neighbour: `(N, D)`, `(M, D)` to `(N,)`."""
    return torch.cat([block.amin(1) for block in _blocks(clips, among)])


def nearest_other(clips: Tensor) -> Tensor:
    """Return the distance of each clip to the nearest other clip: `(N, D)` to `(N,)`; N >= 2."""
    found = []
    for number, block in enumerate(_blocks(clips, clips)):
        block.diagonal(number * SLICE).fill_(torch.inf)
        found.append(block.amin(1))
    return torch.cat(found)


def mean_between(clips: Tensor) -> float:
    """Return the mean distance over all pairs of different clips; N is 2 or more."""
    total = sum(float(block.sum()) for block in _blocks(clips, clips))
    return total / (len(clips) * (len(clips) - 1))


def _blocks(clips: Tensor, among: Tensor) -> Iterator[Tensor]:
    # by differences, not by a matrix product: the distance of equal clips is exactly 0
    mode = "donot_use_mm_for_euclid_dist"
    for start in range(0, len(clips), SLICE):
        part = clips[start : start + SLICE]
        yield torch.cdist(part, among, compute_mode=mode)
