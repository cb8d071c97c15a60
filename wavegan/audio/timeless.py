"""Audio files without the clock: the same samples always give the same bytes.

libsndfile puts the time into the PEAK chunk of a WAV of floats, and seeds the number of an Ogg
stream with it. Neither means anything to a reader.
"""

import struct
import zlib

PAGE = b"OggS"
HEADER = 27
"""Bytes of an Ogg page before the table of its segments."""
SERIAL, CHECKSUM = slice(14, 18), slice(22, 26)
_TURNED = bytes(int(f"{byte:08b}"[::-1], 2) for byte in range(256))


def timeless(data: bytes, container: str) -> bytes:
    """A file's bytes with what libsndfile took from the clock set to 0.

    Args:
        data: the whole file.
        container: as libsndfile names it; but for "WAV" and "OGG" files come back as they are.
    """
    if container == "WAV":
        return _wav(data)
    return _ogg(data) if container == "OGG" else data


def _wav(data: bytes) -> bytes:
    """RIFF: chunks of a name, a size and so many bytes, padded to an even number."""
    place = 12
    while place + 8 <= len(data):
        name, size = struct.unpack_from("<4sI", data, place)
        if name == b"PEAK":  # a version, then the time
            return data[: place + 12] + bytes(4) + data[place + 16 :]
        if name == b"data":
            return data
        place += 8 + size + size % 2
    return data


def _ogg(data: bytes) -> bytes:
    """Pages one after another, each with the stream's number and a checksum (RFC 3533)."""
    pages, place = [], 0
    while data[place : place + 4] == PAGE and len(data) >= place + HEADER:
        table = place + HEADER + data[place + HEADER - 1]
        end = table + sum(data[place + HEADER : table])
        page = bytearray(data[place:end])
        page[SERIAL] = page[CHECKSUM] = bytes(4)
        page[CHECKSUM] = struct.pack("<I", _checksum(page))
        pages.append(bytes(page))
        place = end
    return b"".join(pages) + data[place:]


def _checksum(page: bytearray) -> int:
    """Ogg's CRC-32 is zlib's with bits in the other order, and without its inversions."""
    reflected = zlib.crc32(page.translate(_TURNED), 0xFFFFFFFF) ^ 0xFFFFFFFF
    return int(f"{reflected:032b}"[::-1], 2)
