"""Ogg files in which one stream follows another, of which libsndfile reads the first."""

import os
import re
from functools import lru_cache
from typing import BinaryIO

_PAGE = re.compile(rb"OggS\x00([\x00-\x07])")
_BEGINS, _LENGTH = 2, 6
BLOCK = 1 << 20
"""Bytes that are looked through at once."""


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
    inside, before = False, b""
    # not as a mapping: what is read of one counts as memory taken
    while block := file.read(BLOCK):
        content = before + block
        for page in _PAGE.finditer(content):
            begins = bool(page.group(1)[0] & _BEGINS)
            if inside and begins:
                return True
            inside = inside or not begins
        before = content[-_LENGTH + 1 :]
    return False
