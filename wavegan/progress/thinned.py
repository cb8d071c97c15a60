"""A sequence of unknown length in bounded memory: where it is too long, every second one goes."""

from collections.abc import Iterator
from typing import Generic, TypeVar

Item = TypeVar("Item")


class Thinned(Generic[Item]):
    """Items, evenly spaced where there are too many; the first and the last one are always kept.

    Args:
        most: bytes of all that are kept.

    Attributes:
        stride: every how many-th item is kept; 1: all.
    """

    def __init__(self, most: int) -> None:
        self.most, self.stride = most, 1
        self._kept: list[tuple[Item, int]] = []
        self._last: Item | None = None
        self._bytes = self._seen = 0

    def add(self, item: Item, size: int) -> None:
        """Take the next item, of so many bytes."""
        wanted = self._seen % self.stride == 0
        self._seen += 1
        self._last = item
        if not wanted:
            return
        self._kept.append((item, size))
        self._bytes += size
        while self._bytes > self.most and len(self._kept) > 1:
            self._kept = self._kept[::2]
            self._bytes = sum(size for _, size in self._kept)
            self.stride *= 2

    def __iter__(self) -> Iterator[Item]:
        yield from (item for item, _ in self._kept)
        if self._last is not None and self._last is not self._kept[-1][0]:
            yield self._last
