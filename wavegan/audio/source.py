"""What every reader of audio files has in common: what it says of a file, and how it decodes."""

import contextlib
import os
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Protocol, TypeVar

import numpy as np
from numpy.typing import NDArray

from wavegan.errors import UserError
from wavegan.readable import escaped

AnyPath = str | os.PathLike[str]
Wave = NDArray[np.float32]
Real = TypeVar("Real", np.float32, np.float64)


class ShortReadError(UserError):
    """A file holds less sound than it promises: cut off, or damaged inside.

    Attributes:
        path: the file.
        decoded: samples per channel that could be read, at the file's own rate.
    """

    def __init__(
        self, message: str, path: Path = Path(), decoded: int = 0, *, at: Path | str = ""
    ) -> None:
        super().__init__(message, at=at)
        self.path = path
        self.decoded = decoded


@dataclass(frozen=True)
class AudioInfo:
    """What a file's header says.

    Attributes:
        path: the file.
        sample_rate: Hz.
        frames: samples per channel; a damaged file may yield fewer.
        channels: how many.
        format: container ("WAV", "FLAC", "OGG", "MP3", "MP4", "MATROSKA", …).
        subtype: encoding ("PCM_16", "FLOAT", "VORBIS", "AAC", …).
        damage: how the header contradicts the file, or None; `measure` finds more.
        note: what a person should know of a file that is read all the same, or "".
        streamed: its header says that its length is unknown, as programs write to a pipe; `note`
            says so too.
        tags: texts of the metadata that libsndfile reads ("software", "title", "comment", …).
    """

    path: Path
    sample_rate: int
    frames: int
    channels: int
    format: str
    subtype: str
    damage: str | None = None
    note: str = ""
    streamed: bool = False
    tags: Mapping[str, str] = field(default_factory=dict)

    @property
    def seconds(self) -> float:
        """Length in seconds."""
        return self.frames / self.sample_rate


class Source(Protocol):
    """A file that is open for reading."""

    @property
    def info(self) -> AudioInfo:
        """What is known of it without decoding all of it."""

    def blocks(
        self, start: int, stop: int, errors: list[str], *, seamless: bool = False
    ) -> Iterator[Wave]:
        """Decode [start, stop) as (T, C) blocks; ends early, with an entry in `errors`, at damage.

        Args:
            start: first sample, at the file's rate.
            stop: the one behind the last.
            errors: what went wrong is added to it.
            seamless: blocks together are exactly what one read gives; without it MP3 and Opus may
                have marks between them.
        """


def several(tracks: int) -> str:
    """What there is to say of a file with so many audio tracks, or ""."""
    return f"{tracks} audio tracks are in it: only the first is read" if tracks > 1 else ""


def mixed(block: NDArray[Real]) -> NDArray[Real]:
    """The mean of the channels: (T, C) to (T, 1)."""
    # Column by column: numpy's mean over a short last axis is ten times slower.
    total = block[:, :1]
    for channel in range(1, block.shape[1]):
        total = total + block[:, channel : channel + 1]
    return total / block.dtype.type(block.shape[1])


def shown(path: AnyPath) -> str:
    """A name on one line, in characters that a terminal takes."""
    text = os.fspath(path)
    # not os.fsencode: in the C locale that is ASCII, and a recipe or list may hold other names;
    # halves of surrogates that stand for no byte stay, and are escaped
    with contextlib.suppress(UnicodeEncodeError):
        text = text.encode("utf-8", "surrogateescape").decode("utf-8", "surrogateescape")
    return escaped(text)
