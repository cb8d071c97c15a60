"""Remove time stamps from audio files: the same samples always give the same bytes.

libsndfile writes the time into the PEAK chunk of float WAV files, and seeds the serial number of an
Ogg stream with it. Readers need neither.
"""

import os
import struct
import zlib
from typing import BinaryIO

PAGE = b"OggS"
HEADER = 27
"""Bytes of an Ogg page before its segment table."""
SERIAL, CHECKSUM = slice(14, 18), slice(22, 26)
_TURNED = bytes(int(f"{byte:08b}"[::-1], 2) for byte in range(256))


def timeless(file: BinaryIO, container: str) -> None:
    """Set values that libsndfile derived from the clock to 0, in place.

    Args:
        file: the complete file, open for reading and writing.
        container: libsndfile's name of the format; only "WAV" and "OGG" files are changed.
    """
    file.seek(0)
    if container == "WAV":
        _wav(file)
    elif container == "OGG":
        _ogg(file)


def _wav(file: BinaryIO) -> None:
    """RIFF: chunks of a name, a size and that many bytes, padded to an even number."""
    file.seek(12)
    while len(head := file.read(8)) == 8:
        name, size = struct.unpack("<4sI", head)
        if name == b"PEAK":  # a version, then the time
            file.seek(4, os.SEEK_CUR)
            file.write(bytes(4))
            return
        if name == b"data":
            return
        file.seek(size + size % 2, os.SEEK_CUR)


def _ogg(file: BinaryIO) -> None:
    """Ogg: consecutive pages, each with the stream's serial number and a checksum (RFC 3533)."""
    place = 0
    while (head := file.read(HEADER))[:4] == PAGE and len(head) == HEADER:
        table = file.read(head[-1])
        page = bytearray(head + table + file.read(sum(table)))
        page[SERIAL] = page[CHECKSUM] = bytes(4)
        page[CHECKSUM] = struct.pack("<I", _checksum(page))
        file.seek(place)
        file.write(page)
        place += len(page)
        file.seek(place)


def _checksum(page: bytearray) -> int:
    """Ogg's CRC-32: zlib's with reversed bit order and without inversions."""
    reflected = zlib.crc32(page.translate(_TURNED), 0xFFFFFFFF) ^ 0xFFFFFFFF
    return int(f"{reflected:032b}"[::-1], 2)
