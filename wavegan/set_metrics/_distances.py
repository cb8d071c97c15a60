"""Euclidean distances between the clips of two sets, a slice at a time to spare memory."""

from collections.abc import Iterator

import torch
from torch import Tensor

SLICE = 512


def nearest(clips: Tensor, among: Tensor) -> Tensor:
    """How far each clip's nearest neighbour is: `(N, D)` among `(M, D)` gives `(N,)`."""
    return torch.cat([block.amin(1) for block in _blocks(clips, among)])


def nearest_other(clips: Tensor) -> Tensor:
    """How far the nearest of the other clips is: `(N, D)` gives `(N,)`; N is 2 or more."""
    found = []
    for number, block in enumerate(_blocks(clips, clips)):
        block.diagonal(number * SLICE).fill_(torch.inf)
        found.append(block.amin(1))
    return torch.cat(found)


def mean_between(clips: Tensor) -> float:
    """The mean distance over all pairs of different clips; N is 2 or more."""
    total = sum(float(block.sum()) for block in _blocks(clips, clips))
    return total / (len(clips) * (len(clips) - 1))


def _blocks(clips: Tensor, among: Tensor) -> Iterator[Tensor]:
    # by differences, not by the product of the sets: equal clips are then exactly 0 apart
    mode = "donot_use_mm_for_euclid_dist"
    for start in range(0, len(clips), SLICE):
        part = clips[start : start + SLICE]
        yield torch.cdist(part, among, compute_mode=mode)
