"""Correct unfinished headers, which a recorder, a pipe or a crash left behind.

Such a header gives a size of 0, a size that is too small, or a size modulo 2^32. The structure of
the file shows whether the bytes after that size are sound, or the chunks of a complete file.
"""

import os
import struct
from dataclasses import dataclass, replace
from functools import lru_cache
from typing import BinaryIO

from wavegan.audio import flac_length, mp3_length, w64
from wavegan.audio.chunks import (
    AIFF,
    CAF,
    FOREIGN,
    KNOWN,
    MOST_HEADER,
    RIFF,
    RIFX,
    Layout,
    is_chain,
    layout,
)

UNKNOWN_SIZES = frozenset((0x7FFFF000, 0x7FFFFFFF, 0x80000000, 0xFFFFFFFF))
"""Sizes that ffmpeg, SoX and arecord write to a pipe because they do not know the length."""
TAIL = 1 << 20
"""Bytes at the end of an unfinished file that are searched for chunks after the sound."""
RESERVED = 1 << 26
"""Bytes of zeros that a recorder may have reserved."""
WRAP = 1 << 32
ANOTHER = "another file follows in the same file: only the first is read"
NO_LENGTH = "the header has no length"


@dataclass(frozen=True)
class Repair:
    """How to read a file as its writer should have left it.

    Attributes:
        head: the corrected beginning of the file.
        start: position in the file of the bytes that follow the head.
        note: what was found and done, one line; "" if nothing is unusual.
        stop: position where the sound ends, if that is not the end of the file.
        streamed: the header has one of `UNKNOWN_SIZES`, and everything after it is sound.
    """

    head: bytes
    start: int
    note: str
    streamed: bool = False
    stop: int | None = None


def repair(path: str | os.PathLike[str]) -> Repair | None:
    """The repair of a file whose header gives less sound than the file has; None if not needed.

    Raises:
        OSError: it cannot be opened.
    """
    status = os.stat(path)
    return _repair(os.path.abspath(path), status.st_size, status.st_mtime_ns)


@lru_cache(maxsize=4096)
def _repair(path: str, length: int, _changed: int) -> Repair | None:
    """Cached, because training reads crops of the same file many times."""
    with open(path, "rb") as file:
        magic = file.read(4)
        file.seek(0)
        if magic == b"fLaC" or magic[:3] == b"ID3" or magic[:1] == b"\xff":
            counted = flac_length if magic == b"fLaC" else mp3_length
            found = counted.corrected(file, length)
            if found is None and magic == b"fLaC" and flac_length.is_followed(file):
                found = magic, len(magic), ANOTHER
            return None if found is None else Repair(*found)
        if magic == b".snd":
            return _au(file, length)
        if magic == b"riff":
            end = w64.end_of_sound(file, length)
            return None if end is None else Repair(magic, len(magic), "", stop=end)
        header = layout(file, length)
        if header is None or header.start > MOST_HEADER:
            return None
        return _of_chunks(file, header)


def _of_chunks(file: BinaryIO, header: Layout) -> Repair | None:
    there, claimed = header.length - header.start, header.claimed or 0
    if not _unknown(header):
        if claimed > there:
            return None  # the file is cut: libsndfile detects that, and it is reported as damage
        if _ends(file, header, header.start + claimed):
            another = _another(file, header, header.start + claimed)
            if another is None:
                return None
            return Repair(header.head, header.start, ANOTHER, stop=another)
        if (wrapped := _wrapped(file, header, claimed)) is not None:
            return _rewritten(header, wrapped, "the header's sizes are cut to 32 bits")
    size = _first_chunk_of_tail(file, header) - header.start
    if not size:
        return None
    why = NO_LENGTH if _unknown(header) else f"the header says {claimed} bytes"
    repair = _rewritten(header, size, why)
    return replace(repair, streamed=claimed > 0 and size == there and _unknown(header))


def _unknown(header: Layout) -> bool:
    """Whether the header's size means "unknown"; 0 or less means "none yet"."""
    claimed = header.claimed
    if claimed is None or claimed <= 0:
        return True
    return not UNKNOWN_SIZES.isdisjoint((claimed, claimed + header.family.before_samples))


def _ends(file: BinaryIO, header: Layout, end: int) -> bool:
    """Whether the sound may end here: at the end of the file, or before chunks."""
    left = header.length - end
    if left < max(8, header.frame):
        return True
    for place in {end, end + (end & 1 if header.family.padded else 0)}:
        file.seek(place)
        name = file.read(8)
        if name[:4] in KNOWN or name.startswith(FOREIGN):
            return True
        if is_chain(file, header.family, place, header.length):
            return True
    return _only_zeros(file, end)


def _another(file: BinaryIO, header: Layout, end: int) -> int | None:
    """Where another file begins after the sound or after the whole file; None if none does."""
    whole: int = 8 + struct.unpack_from(header.family.size, header.head, 4)[0]
    for place in sorted({end, end + (end & 1), whole, whole + (whole & 1)}):
        file.seek(min(place, header.length))
        if place > header.start and file.read(4) in (b"RIFF", b"RIFX", b"RF64", b"FORM"):
            return place
    return None


def _only_zeros(file: BinaryIO, position: int) -> bool:
    """Whether only zeros follow: space that a recorder reserved, not sound.

    More than `RESERVED` bytes are not searched and count as sound.
    """
    file.seek(position)
    for _ in range(RESERVED >> 20):
        block = file.read(1 << 20)
        if block.count(0) != len(block):
            return False
    return not file.read(1)


def _wrapped(file: BinaryIO, header: Layout, claimed: int) -> int | None:
    """The true size of the sound if the header has it modulo 2^32 and the file fits; else None."""
    if header.family not in (RIFF, RIFX, AIFF):
        return None
    for size in range(claimed + WRAP, header.length - header.start + 1, WRAP):
        if _ends(file, header, header.start + size):
            return size
    return None


def _first_chunk_of_tail(file: BinaryIO, header: Layout) -> int:
    """The end of the sound in an unfinished file: the first of the chunks at its end."""
    begin = max(header.start, header.length - TAIL)
    file.seek(begin)
    tail = file.read(header.length - begin)
    places = sorted(at for name in KNOWN for at in _places(tail, name))
    for place in places[:64]:
        if is_chain(file, header.family, begin + place, header.length):
            return begin + place
    return header.length


def _places(tail: bytes, name: bytes) -> list[int]:
    found, at = [], tail.find(name)
    while at >= 0:
        found.append(at)
        at = tail.find(name, at + 1)
    return found


def _rewritten(header: Layout, size: int, why: str) -> Repair:
    """The repair with the correct sizes in the head."""
    size -= size % max(header.frame, 1) if header.start + size == header.length else 0
    seconds = f" ({size / header.rate:.2f} s)" if header.rate else ""
    note = f"unfinished: {why}; all {size} bytes{seconds} of sound in the file are read"
    family, head = header.family, bytearray(header.head)
    whole = size + family.before_samples
    if family is RIFF and (head[:4] != b"RIFF" or header.length >= WRAP):
        return Repair(_rf64(head, header, size), header.start, note)
    if family is not CAF:
        # For sizes above 32 bits: with these values libsndfile reads to the end of the file.
        whole = whole if whole < WRAP else 0 if family is AIFF else WRAP - 1
        struct.pack_into(family.size, head, 4, min(header.length - 8, WRAP - 1))
    struct.pack_into(family.size, head, header.field, whole)
    return Repair(bytes(head), header.start, note)


def _rf64(head: bytearray, header: Layout, size: int) -> bytes:
    """An RF64 head, whose sizes have 64 bits."""
    sizes = struct.pack("<QQQI", header.length - 8, size, size // max(header.frame, 1), 0)
    first = 12 + (
        36 if bytes(head[12:16]) in (b"ds64", b"JUNK") and head[16:20] == b"\x1c\0\0\0" else 0
    )
    begin = b"RF64" + b"\xff" * 4 + b"WAVE" + b"ds64" + struct.pack("<I", len(sizes)) + sizes
    rest = bytes(head[first : header.field])
    return begin + rest + b"\xff" * 4


def _au(file: BinaryIO, length: int) -> Repair | None:
    """Repair an AU file: it has no chunks, everything after its header is sound."""
    head = file.read(24)
    if len(head) < 24:
        return None
    start, claimed = struct.unpack_from(">II", head, 4)
    there = length - start
    if not 24 <= start <= min(length, MOST_HEADER) or claimed >= there - 8 or there >= WRAP:
        return None
    file.seek(0)
    whole = file.read(start)
    why = f"the header says {claimed} bytes" if claimed else NO_LENGTH
    note = f"unfinished: {why}; all {there} bytes of sound in the file are read"
    return Repair(whole[:8] + struct.pack(">I", there) + whole[12:], start, note)
