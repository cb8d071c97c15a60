"""Text files with a checksum in the last line, to distinguish truncation from an edit.

People may edit a run's recipe by hand, so a changed text is not an error. The first line announces
the last one: if that is missing, the file was truncated.
"""

import re
import zlib
from enum import Enum
from pathlib import Path

from wavegan.checksums import DamageError

HEAD = "# written by wavegan; the last line tells whether it is whole\n"
_TAIL = re.compile(rb"# (\d{1,12}) bytes above, crc32 ([0-9a-f]{8})\n?")


class Seal(Enum):
    """Whether a text is as it was written."""

    NONE = "it has no checksum, as older versions wrote it"
    WHOLE = "as it was written"
    EDITED = "changed since it was written"


def sealed(text: str) -> str:
    """A text with both lines, for YAML and other formats whose comments begin with `#`."""
    content = HEAD + text
    raw = content.encode("utf-8")
    return f"{content}# {len(raw)} bytes above, crc32 {zlib.crc32(raw):08x}\n"


def state(file: Path) -> Seal:
    """Whether a file is as it was written.

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
                f"{file}: damaged: its last line, with the checksum, is missing, so other lines "
                "may be missing too; restore a copy (if nothing is missing, remove its first line)"
            )
        return Seal.NONE
    size, crc = int(found[1]), found[2].decode()
    same = size == start and crc == f"{zlib.crc32(content[:start]):08x}"
    return Seal.WHOLE if same else Seal.EDITED
