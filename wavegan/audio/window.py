"""A part of something long that comes block by block, forwards only."""

from collections.abc import Iterable, Iterator

import torch
from torch import Tensor


class Window:
    """What comes in blocks `(..., T')`, joined along the last axis; what lies behind is let go.

    Args:
        blocks: in turn.
    """

    def __init__(self, blocks: Iterable[Tensor]) -> None:
        self._blocks: Iterator[Tensor] = iter(blocks)
        self._held: list[Tensor] = []
        self._first = self._last = 0

    def between(self, first: int, last: int) -> Tensor:
        """The part `(..., last - first)`, shorter where the blocks end; `first` never goes back."""
        while self._last < last and (block := next(self._blocks, None)) is not None:
            self._held.append(block)
            self._last += block.shape[-1]
            self._let_go(first)
        self._let_go(first)
        whole = torch.cat(self._held, -1) if len(self._held) != 1 else self._held[0]
        # what lies before `first` would be joined again and again
        whole, self._first = whole[..., first - self._first :], first
        self._held = [whole]
        return whole[..., : last - first]

    def _let_go(self, first: int) -> None:
        while self._held and self._first + self._held[0].shape[-1] <= first:
            self._first += self._held.pop(0).shape[-1]
