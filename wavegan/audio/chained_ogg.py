"""Detect chained Ogg files (several streams in a row); libsndfile reads only the first stream."""

import os
import re
from functools import lru_cache
from typing import BinaryIO

_PAGE = re.compile(rb"OggS\x00([\x00-\x07])")
_BEGINS, _LENGTH = 2, 6
BLOCK = 1 << 20
"""Bytes that are searched at a time."""


def is_chained(path: str | os.PathLike[str]) -> bool:
    """Whether a new stream begins after pages of earlier ones.

    Raises:
        OSError: it cannot be opened.
    """
    status = os.stat(path)
    return _is_chained(os.path.abspath(path), status.st_size, status.st_mtime_ns)


@lru_cache(maxsize=4096)
def _is_chained(path: str, length: int, _changed: int) -> bool:
    """Cached, because training reads crops of the same file many times."""
    with open(path, "rb") as file:
        return length > 0 and _begins_again(file)


def _begins_again(file: BinaryIO) -> bool:
    """Multiplexed streams all begin before the first data page; a later beginning is a chain."""
    inside, before = False, b""
    # not memory-mapped: pages that were read would count as used memory
    while block := file.read(BLOCK):
        content = before + block
        for page in _PAGE.finditer(content):
            begins = bool(page.group(1)[0] & _BEGINS)
            if inside and begins:
                return True
            inside = inside or not begins
        before = content[-_LENGTH + 1 :]
    return False
