"""Parse the chunks of WAV, RF64, AIFF and CAF files.

No samples are read. This module returns what a header says; `unfinished` checks whether it is true.
"""

import struct
from collections.abc import Iterator
from dataclasses import dataclass
from typing import BinaryIO

MOST_HEADER = 1 << 26
"""Bytes before the sound that are searched: pictures may be there, nothing larger."""
MOST_CHUNKS = 4096

KNOWN = frozenset(
    (
        *(b"LIST", b"list", b"INFO", b"fact", b"fmt ", b"cue ", b"plst", b"smpl", b"inst", b"acid"),
        *(b"bext", b"iXML", b"axml", b"_PMX", b"PEAK", b"JUNK", b"junk", b"PAD ", b"FLLR", b"levl"),
        *(b"id3 ", b"ID3 ", b"strc", b"umid", b"aXML", b"chna", b"cart", b"DISP", b"note", b"labl"),
        *(b"minf", b"elm1", b"regn", b"LGWV", b"SAUR", b"afsp", b"slnt", b"wavl", b"qlty", b"mext"),
        *(b"COMM", b"MARK", b"INST", b"COMT", b"NAME", b"AUTH", b"(c) ", b"ANNO", b"MIDI", b"AESD"),
        *(b"APPL", b"FVER", b"SAXL", b"CHAN", b"BASC", b"TRNS", b"CATE", b"desc", b"chan", b"kuki"),
        *(b"pakt", b"info", b"free", b"strg", b"mark", b"ovvw", b"peak", b"uuid", b"edct", b"midi"),
    )
)
"""Names of chunks that programs write after the sound."""
FOREIGN = (b"TAG", b"ID3", b"APETAGEX", b"RIFF", b"RF64", b"FORM")
"""What else may follow a complete file: MP3 tags, or another file."""


@dataclass(frozen=True)
class Family:
    """The chunk syntax of a family of formats.

    Attributes:
        size: `struct` format of a chunk's size.
        first: bytes before the first chunk.
        sound: name of the chunk with the samples.
        before_samples: bytes at the beginning of that chunk before the samples.
        padded: a chunk of odd size is followed by a padding byte.
    """

    size: str
    first: int
    sound: bytes
    before_samples: int = 0
    padded: bool = True


RIFF, RIFX = Family("<I", 12, b"data"), Family(">I", 12, b"data")
AIFF = Family(">I", 12, b"SSND", before_samples=8)
CAF = Family(">q", 8, b"data", before_samples=4, padded=False)


@dataclass(frozen=True)
class Layout:
    """The position and size of the sound according to a file's header.

    Attributes:
        family: the family of its format.
        head: the bytes before the first sample.
        claimed: bytes of samples according to the header; None if its 64-bit size is missing.
        field: position of the size of the sound's chunk.
        frame: bytes of a sample of all channels, or of a compressed block; 1 if unknown.
        rate: bytes per second; 0 if unknown.
        length: size of the file in bytes.
    """

    family: Family
    head: bytes
    claimed: int | None
    field: int
    frame: int
    rate: int
    length: int

    @property
    def start(self) -> int:
        """Position of the first sample."""
        return len(self.head)


def layout(file: BinaryIO, length: int) -> Layout | None:
    """Read a header; None if the file has another format, or no sound."""
    magic = file.read(12)
    family = _family(magic)
    if family is None:
        return None
    position, frame, rate, wide = family.first, 1, 0, None
    for name, size, begin in _walk(file, family, position, length):
        if name == family.sound:
            start = begin + family.before_samples
            if start >= length:
                return None
            file.seek(0)
            head = file.read(start)
            claimed: int | None = size - family.before_samples
            if magic[:4] in (b"RF64", b"BW64") and size == 0xFFFFFFFF:
                claimed = wide
            at = begin - struct.calcsize(family.size)
            return Layout(family, head, claimed, at, frame, rate, length)
        body = _body(file, begin, size) if name in (b"fmt ", b"COMM", b"ds64") else b""
        if name == b"fmt " and len(body) >= 14:
            rate, frame = struct.unpack_from(family.size[0] + "IH", body, 8)
        elif name == b"COMM" and len(body) >= 8:
            channels, bits = struct.unpack_from(">h4xh", body)
            frame = max(1, channels * -(-bits // 8))
        elif name == b"ds64" and len(body) >= 16:
            wide = struct.unpack_from("<Q", body, 8)[0]
    return None


def is_chain(file: BinaryIO, family: Family, position: int, length: int) -> bool:
    """Whether the file consists only of chunks from `position` to its end."""
    end = position
    for name, size, begin in _walk(file, family, position, length):
        if not all(32 <= byte < 127 for byte in name):
            return False
        end = begin + size
    return position < end <= length and length - end < 8


def _family(magic: bytes) -> Family | None:
    kind, form = magic[:4], magic[8:12]
    if form == b"WAVE":
        return {b"RIFF": RIFF, b"RIFX": RIFX, b"RF64": RIFF, b"BW64": RIFF}.get(kind)
    if kind == b"FORM" and form in (b"AIFF", b"AIFC"):
        return AIFF
    return CAF if kind == b"caff" else None


def _walk(
    file: BinaryIO, family: Family, position: int, length: int
) -> Iterator[tuple[bytes, int, int]]:
    """Yields the name, the size and the position of the first byte of each chunk."""
    width = 4 + struct.calcsize(family.size)
    for _ in range(MOST_CHUNKS):
        if position + width > length or position > length:
            return
        file.seek(position)
        header = file.read(width)
        if len(header) < width:
            return
        size = struct.unpack_from(family.size, header, 4)[0]
        yield header[:4], size, position + width
        if size < 0:
            return
        position += width + size + (size & 1 if family.padded else 0)


def _body(file: BinaryIO, begin: int, size: int) -> bytes:
    file.seek(begin)
    return file.read(min(size, 64))
