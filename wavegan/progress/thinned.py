"""Keep a sequence of unknown length in bounded memory by dropping every second item."""

from collections.abc import Iterator
from typing import Generic, TypeVar

Item = TypeVar("Item")


class Thinned(Generic[Item]):
    """Evenly spaced items of a long sequence; the first and the last are always kept.

    Args:
        most: maximum bytes of all kept items.

    Attributes:
        stride: every `stride`-th item is kept; 1 keeps all.
    """

    def __init__(self, most: int) -> None:
        self.most, self.stride = most, 1
        self._kept: list[tuple[Item, int]] = []
        self._last: Item | None = None
        self._bytes = self._seen = 0

    def add(self, item: Item, size: int) -> None:
        """Add the next item, of `size` bytes."""
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
