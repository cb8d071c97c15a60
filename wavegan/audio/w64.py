"""Find the end of the sound in a W64 file: libsndfile reads later chunks as samples."""

import struct
from typing import BinaryIO

_FIRST, _HEADER = 40, 24
_TAILS = (
    b"\xf3\xac\xd3\x11\x8c\xd1\x00\xc0\x4f\x8e\xdb\x8a",
    b"\x2f\x91\xcf\x11\xa5\xd6\x28\xdb\x04\xc1\x00\x00",
)
"""The endings of its chunk names, which have 16 bytes each."""
MOST_CHUNKS = 4096


def end_of_sound(file: BinaryIO, length: int) -> int | None:
    """The position after the last sample if a chunk follows; else None."""
    place = _FIRST
    for _ in range(MOST_CHUNKS):
        file.seek(place)
        header = file.read(_HEADER)
        if len(header) < _HEADER or header[4:16] not in _TAILS:
            return None
        # A size counts the header; the next chunk begins at a multiple of 8.
        (size,) = struct.unpack_from("<q", header, 16)
        if size < _HEADER:
            return None
        end, place = place + size, place + size + -size % 8
        if header[:4] == b"data":
            file.seek(place)
            return end if place < length and file.read(16)[4:] in _TAILS else None
    return None
