"""Correct MP3 files whose Xing or Info tag counts too few frames: unfinished, or appended to.

libmpg123 trusts the tag, so the remaining frames would be lost silently.
"""

import struct
from typing import BinaryIO

HEAD = 4096
"""Bytes after an ID3v2 tag in which the first frame must begin."""
SLACK = 1
"""Tolerance in frames: some encoders count the tag's own frame, some do not."""
_TAGS = (b"Xing", b"Info")
_RATES = (44100, 48000, 32000)
_KILOBITS = {
    True: (0, 32, 40, 48, 56, 64, 80, 96, 112, 128, 160, 192, 224, 256, 320),
    False: (0, 8, 16, 24, 32, 40, 48, 56, 64, 80, 96, 112, 128, 144, 160),
}


def corrected(file: BinaryIO, length: int) -> tuple[bytes, int, str] | None:
    """The corrected head, the position where it ends, and a note; None if the count was right."""
    begin = _after_id3(file.read(10))
    file.seek(begin)
    head = file.read(HEAD)
    first = next((at for at in range(len(head) - 4) if _bytes_of(head[at : at + 4])), None)
    if first is None:
        return None
    # The tag replaces the side information of the first frame: mono, stereo, MPEG 1 and 2.
    tags = [at for at in (first + 13, first + 21, first + 36) if head[at : at + 4] in _TAGS]
    if not tags or len(head) < tags[0] + 12 or not head[tags[0] + 7] & 1:
        return None
    place = begin + tags[0] + 8
    promised = struct.unpack_from(">I", head, tags[0] + 8)[0]
    there = _frames(file, begin + first + (_bytes_of(head[first : first + 4]) or 0), length)
    if there <= promised + SLACK:
        return None
    file.seek(0)
    note = f"unfinished: the header says {promised} MP3 frames; all {there} in the file are read"
    return file.read(place) + struct.pack(">I", there), place + 4, note


def _after_id3(head: bytes) -> int:
    if head[:3] != b"ID3" or len(head) < 10:
        return 0
    sizes = zip(head[6:10], (21, 14, 7, 0), strict=True)
    return 10 + sum((byte & 127) << shift for byte, shift in sizes)


def _frames(file: BinaryIO, position: int, length: int) -> int:
    """How many complete frames follow each other from `position`."""
    file.seek(position)
    count = 0
    while size := _bytes_of(file.read(4)):
        position += size
        if position > length:
            break
        count += 1
        file.seek(position)
    return count


def _bytes_of(header: bytes) -> int | None:
    """The length of a layer III frame from its header; None if this is not such a header."""
    if len(header) < 4 or header[0] != 0xFF or header[1] & 0xE6 != 0xE2:
        return None
    version, rate, kilobits = header[1] >> 3 & 3, header[2] >> 2 & 3, header[2] >> 4
    if version == 1 or rate == 3 or kilobits in (0, 15):
        return None
    first = version == 3
    hertz = _RATES[rate] >> (0 if first else 1 if version == 2 else 2)
    return (144 if first else 72) * 1000 * _KILOBITS[first][kilobits] // hertz + (
        header[2] >> 1 & 1
    )
