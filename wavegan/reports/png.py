"""Encode pictures with a palette as PNG (ISO/IEC 15948), using only numpy and zlib."""

import struct
import zlib

import numpy as np
from numpy.typing import NDArray

SIGNATURE = b"\x89PNG\r\n\x1a\n"
INDEXED = 3


def encode(places: NDArray[np.uint8], palette: NDArray[np.uint8]) -> bytes:
    """Encode a picture as PNG.

    Args:
        places: `(H, W)`, top row first; the palette index of each pixel.
        palette: `(N, 3)`, red, green and blue, 0 to 255; at most 256 colours.

    Raises:
        ValueError: the picture is empty, or an index is outside the palette.
    """
    if places.ndim != 2 or not places.size or places.max() >= len(palette) or len(palette) > 256:
        raise ValueError(f"a picture of {places.shape} with {len(palette)} colours")
    height, width = places.shape
    header = struct.pack(">IIBBBBB", width, height, 8, INDEXED, 0, 0, 0)
    # each row begins with its filter type: 0 (none), which is best for palettes
    rows = np.zeros((height, width + 1), np.uint8)
    rows[:, 1:] = places
    chunks = (
        (b"IHDR", header),
        (b"PLTE", palette.astype(np.uint8).tobytes()),
        (b"IDAT", zlib.compress(rows.tobytes(), 9)),
        (b"IEND", b""),
    )
    return SIGNATURE + b"".join(_chunk(kind, content) for kind, content in chunks)


def _chunk(kind: bytes, content: bytes) -> bytes:
    checksum = zlib.crc32(kind + content)
    return struct.pack(">I", len(content)) + kind + content + struct.pack(">I", checksum)
