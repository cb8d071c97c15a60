"""Text files that tell a cut from an edit: a first line that announces a last one with a checksum.

People edit a run's recipe by hand, so a text that is not as it was written is no error by itself.
One whose last line is gone was cut.
"""

import re
import zlib
from enum import Enum
from pathlib import Path

from wavegan.checksums import DamageError

HEAD = "# written by wavegan; the last line tells whether it is whole\n"
_TAIL = re.compile(rb"# (\d{1,12}) bytes above, crc32 ([0-9a-f]{8})\n?")


class Seal(Enum):
    """How a text stands to what was written."""

    NONE = "it has no checksum, as older versions wrote it"
    WHOLE = "as it was written"
    EDITED = "changed since it was written"


def sealed(text: str) -> str:
    """A text with both lines, for YAML and whatever else has comments that begin with `#`."""
    content = HEAD + text
    raw = content.encode("utf-8")
    return f"{content}# {len(raw)} bytes above, crc32 {zlib.crc32(raw):08x}\n"


def state(file: Path) -> Seal:
    """How a file stands to what was written.

    Raises:
        OSError: it cannot be read.
        DamageError: its end is missing.
    """
    content = file.read_bytes()
    start = content[:-1].rfind(b"\n") + 1
    found = _TAIL.fullmatch(content[start:])
    if found is None:
        if content.startswith(HEAD.encode()):
            raise DamageError(
                f"{file}: damaged: its last line, with the checksum, is missing, so more may be; "
                "bring it back from a copy (if it is complete, remove its first line)"
            )
        return Seal.NONE
    size, crc = int(found[1]), found[2].decode()
    same = size == start and crc == f"{zlib.crc32(content[:start]):08x}"
    return Seal.WHOLE if same else Seal.EDITED
