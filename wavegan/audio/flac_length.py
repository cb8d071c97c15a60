"""Correct FLAC files whose header counts no samples or too few.

Encoders that write to a pipe leave the count at 0; it follows from the last frame's header.
"""

import struct
from typing import BinaryIO

TAIL = 1 << 18
"""Bytes at the end that contain the last frame: at most 65535 samples of 8 channels in theory,
16 kB in practice."""
BLOCK = 1 << 20
"""Bytes that are searched at a time."""
MOST_FRAMES = 4
"""Most damaged frames at the end, such as the last one of an interrupted recording."""
_BEGINNING = b"fLaC\0\0\0\x22"
_FIXED = {1: 192, **{code: 576 << (code - 2) for code in range(2, 6)}}
_FIXED |= {code: 256 << (code - 8) for code in range(8, 16)}


def corrected(file: BinaryIO, length: int) -> tuple[bytes, int, str] | None:
    """The corrected head, the position where it ends, and a note; None if the count was right."""
    head = file.read(42)
    if len(head) < 42 or head[4] & 0x7F:
        return None
    packed = int.from_bytes(head[18:26], "big")
    promised, block, rate = (
        packed & (1 << 36) - 1,
        *struct.unpack_from(">H", head, 10),
        packed >> 44,
    )
    there = _samples(file, length, head, block)
    if there is None or there <= promised:
        return None
    fixed = (packed >> 36 << 36 | there).to_bytes(8, "big")
    seconds = f" ({there / rate:.2f} s)" if rate else ""
    header = f"says {promised} samples" if promised else "has no length"
    note = f"unfinished: the header {header}; all {there} samples{seconds} in the file are read"
    return head[:18] + fixed + head[26:], 42, note


def is_followed(file: BinaryIO) -> bool:
    """Whether another FLAC file follows in the same file."""
    file.seek(len(_BEGINNING))
    before = b""
    # not memory-mapped: pages that were read would count as used memory
    while block := file.read(BLOCK):
        if _BEGINNING in before + block:
            return True
        before = block[1 - len(_BEGINNING) :]
    return False


def _samples(file: BinaryIO, length: int, head: bytes, block: int) -> int | None:
    """The end of the last complete frame in samples; None if no frame is found."""
    begin = max(42, length - TAIL)
    file.seek(begin)
    tail = file.read(length - begin)
    at, ends = len(tail), [len(tail)]
    while (at := tail.rfind(b"\xff", 0, at)) >= 0 and len(ends) <= MOST_FRAMES:
        if tail[at + 1 : at + 2] not in (b"\xf8", b"\xf9"):
            continue
        samples = _end_of(tail[at : at + 16], head, block)
        if samples is None:
            continue
        if any(_is_whole(tail[at:end]) for end in ends):
            return samples
        ends.append(at)
    return None


def _end_of(frame: bytes, head: bytes, block: int) -> int | None:
    """The number of the sample after a frame, from its header; None if this is not a header."""
    if len(frame) < 7:
        return None
    number = _number(frame)
    if number is None:
        return None
    place, value = number
    code, rate = frame[2] >> 4, frame[2] & 15
    extra = {6: 1, 7: 2}.get(code, 0)
    size = int.from_bytes(frame[place : place + extra], "big") + 1 if extra else _FIXED.get(code)
    place += extra + {12: 1, 13: 2, 14: 2}.get(rate, 0)
    if size is None or place >= len(frame) or _crc8(frame[:place]) != frame[place]:
        return None
    channels = (head[20] >> 1 & 7) + 1
    coded = frame[3] >> 4
    if channels != (coded + 1 if coded < 8 else 2):
        return None
    return (value if frame[1] & 1 else value * block) + size


def _number(frame: bytes) -> tuple[int, int] | None:
    """The end position and value of the frame or sample number, coded like UTF-8 (to 7 bytes)."""
    first = frame[4]
    ones = 8 - (first ^ 0xFF).bit_length()
    if ones == 1 or ones > 7 or len(frame) < 4 + max(1, ones):
        return None
    value = first if not ones else first & (0x7F >> ones)
    for byte in frame[5 : 4 + ones]:
        if byte >> 6 != 2:
            return None
        value = value << 6 | byte & 0x3F
    return 4 + max(1, ones), value


def _is_whole(frame: bytes) -> bool:
    """Whether a frame's checksum is right."""
    crc = 0
    for byte in frame[:-2]:
        crc = (crc << 8 & 0xFFFF) ^ _CRC16[crc >> 8 ^ byte]
    return crc == int.from_bytes(frame[-2:], "big")


def _crc8(data: bytes) -> int:
    crc = 0
    for byte in data:
        crc ^= byte
        for _ in range(8):
            crc = (crc << 1 ^ 0x07) & 0xFF if crc & 0x80 else crc << 1
    return crc


def _table16() -> tuple[int, ...]:
    table = []
    for value in range(256):
        crc = value << 8
        for _ in range(8):
            crc = (crc << 1 ^ 0x8005) & 0xFFFF if crc & 0x8000 else crc << 1
        table.append(crc)
    return tuple(table)


_CRC16 = _table16()
