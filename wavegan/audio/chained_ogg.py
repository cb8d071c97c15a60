"""Ogg files in which one stream follows another, of which libsndfile reads the first."""

import mmap
import os
import re
from functools import lru_cache
from typing import BinaryIO

_PAGE = re.compile(rb"OggS\x00([\x00-\x07])")
_BEGINS = 2


def is_chained(path: str | os.PathLike[str]) -> bool:
    """Whether a stream begins behind the pages of the first ones.

    Raises:
        OSError: it cannot be opened.
    """
    status = os.stat(path)
    return _is_chained(os.path.abspath(path), status.st_size, status.st_mtime_ns)


@lru_cache(maxsize=4096)
def _is_chained(path: str, length: int, _changed: int) -> bool:
    """Cached, as training reads crops of the same file again and again."""
    with open(path, "rb") as file:
        return length > 0 and _begins_again(file)


def _begins_again(file: BinaryIO) -> bool:
    """Streams side by side all begin first; one that begins later follows."""
    with mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ) as content:
        inside = False
        for page in _PAGE.finditer(content):
            begins = bool(page.group(1)[0] & _BEGINS)
            if inside and begins:
                return True
            inside = inside or not begins
    return False
