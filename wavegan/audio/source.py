"""The interface of the audio readers: file information and block-wise decoding."""

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
    """A file has less audio than its header says: it is cut short or damaged.

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
    """Information from a file's header.

    Attributes:
        path: the file.
        sample_rate: Hz.
        frames: samples per channel; a damaged file may have fewer.
        channels: number of channels.
        format: container ("WAV", "FLAC", "OGG", "MP3", "MP4", "MATROSKA", …).
        subtype: encoding ("PCM_16", "FLOAT", "VORBIS", "AAC", …).
        damage: how the header contradicts the file, or None; `measure` finds more.
        note: something unusual about a readable file, or "".
        streamed: the header marks the length as unknown, as programs do that write to a pipe;
            `note` mentions it too.
        tags: metadata texts that libsndfile reads ("software", "title", "comment", …).
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
        """Information about the file, without reading all of it if possible."""

    def blocks(
        self, start: int, stop: int, errors: list[str], *, seamless: bool = False
    ) -> Iterator[Wave]:
        """Decode [start, stop) as (T, C) blocks; ends early, with an entry in `errors`, at damage.

        Args:
            start: first sample, at the file's rate.
            stop: the sample after the last one.
            errors: gets a text for each error.
            seamless: the joined blocks equal a single read exactly; without it, MP3 and Opus may
                have small errors between blocks.
        """


def several(tracks: int) -> str:
    """A note for a file with several audio tracks, or ""."""
    return f"it has {tracks} audio tracks: only the first is read" if tracks > 1 else ""


def mixed(block: NDArray[Real]) -> NDArray[Real]:
    """The mean of the channels: (T, C) to (T, 1)."""
    # Column by column: numpy's mean over a short last axis is ten times slower.
    total = block[:, :1]
    for channel in range(1, block.shape[1]):
        total = total + block[:, channel : channel + 1]
    return total / block.dtype.type(block.shape[1])


def shown(path: AnyPath) -> str:
    """A path on one line, safe to print on a terminal."""
    text = os.fspath(path)
    # not os.fsencode: in the C locale that is ASCII, but a recipe or list may hold other names;
    # surrogates that are no escaped bytes are kept here and escaped below
    with contextlib.suppress(UnicodeEncodeError):
        text = text.encode("utf-8", "surrogateescape").decode("utf-8", "surrogateescape")
    return escaped(text)
