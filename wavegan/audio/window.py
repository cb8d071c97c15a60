"""A sliding window over a stream of blocks, forwards only."""

from collections.abc import Iterable, Iterator

import torch
from torch import Tensor


class Window:
    """Joins blocks `(..., T')` along the last axis and drops what is no longer needed.

    Args:
        blocks: the blocks in order.
    """

    def __init__(self, blocks: Iterable[Tensor]) -> None:
        self._blocks: Iterator[Tensor] = iter(blocks)
        self._held: list[Tensor] = []
        self._first = self._last = 0

    def between(self, first: int, last: int) -> Tensor:
        """The part `(..., last - first)`, shorter at the end; `first` must never decrease."""
        while self._last < last and (block := next(self._blocks, None)) is not None:
            self._held.append(block)
            self._last += block.shape[-1]
            self._drop_before(first)
        self._drop_before(first)
        whole = torch.cat(self._held, -1) if len(self._held) != 1 else self._held[0]
        # without this cut, samples before `first` would be joined again in every call
        whole, self._first = whole[..., first - self._first :], first
        self._held = [whole]
        return whole[..., : last - first]

    def _drop_before(self, first: int) -> None:
        while self._held and self._first + self._held[0].shape[-1] <= first:
            self._first += self._held.pop(0).shape[-1]
