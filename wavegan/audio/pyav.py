"""Read audio files with PyAV (FFmpeg's libraries, extra `formats`): MP4, Matroska, WMA and more.

Decoders have state: AAC's noise filling, and frames that use earlier ones, depend on where decoding
began. So a file is decoded in fixed chunks of ten seconds, each by a new decoder that starts a
little earlier. A segment is then exactly the slice of the whole file, and a crop from an hour costs
as much as one from a minute.
"""

import os
from bisect import bisect_right
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from types import ModuleType
from typing import Any

import numpy as np

from wavegan.audio.formats import Kind
from wavegan.audio.source import AnyPath, AudioInfo, Wave, shown
from wavegan.audio.tracks import Chunk, Track, by_decoding, by_header, reason, samples_of
from wavegan.errors import UserError

BLOCK = 1 << 16


@lru_cache(maxsize=1)
def library() -> ModuleType | None:
    """PyAV, or None if it is missing or cannot be loaded."""
    try:
        import av
    except (ImportError, OSError):
        return None
    found: ModuleType = av
    return found


@dataclass(frozen=True)
class PyavSource:
    """The first audio track of a file; the file is reopened for each chunk that is read."""

    path: AnyPath
    kind: Kind
    track: Track

    @property
    def info(self) -> AudioInfo:
        """From the header and the first and last packets, or from decoding the whole file."""
        track = self.track
        return AudioInfo(
            path=Path(self.path),
            sample_rate=track.sample_rate,
            frames=track.frames,
            channels=track.channels,
            format=self.kind.name.upper(),
            subtype=track.codec.upper(),
            damage=track.damage,
            note=track.note,
        )

    def blocks(
        self, start: int, stop: int, errors: list[str], *, seamless: bool = False
    ) -> Iterator[Wave]:
        """Decode [start, stop), as in `Source`; blocks are always seamless."""
        chunks, track = self.track.chunks, self.track
        stop = min(stop, track.frames)
        number = max(0, bisect_right(chunks, start, key=_first) - 1)
        position = start
        while position < stop and number < len(chunks):
            chunk = chunks[number]
            number += 1
            limit = chunks[number].first if number < len(chunks) else track.frames
            at = chunk.first
            for block in self._decoded(chunk, min(limit, stop) - at, errors):
                fresh = block[max(0, position - at) :]
                at += len(block)
                if len(fresh):
                    position = at
                    yield fresh
            if at < min(limit, stop):
                return

    def _decoded(self, chunk: Chunk, samples: int, errors: list[str]) -> Iterator[Wave]:
        """The first samples of a chunk, in blocks of (T, C)."""
        gathered: list[Wave] = []
        held, left = 0, samples
        for piece in self._pieces(chunk, errors):
            gathered.append(piece[:left])
            held += len(gathered[-1])
            left -= len(gathered[-1])
            if held >= BLOCK or not left:
                yield np.concatenate(gathered)
                gathered, held = [], 0
            if not left:
                return
        if held:
            yield np.concatenate(gathered)

    def _pieces(self, chunk: Chunk, errors: list[str]) -> Iterator[Wave]:
        """The samples of each decoded frame, from the start of a chunk to the end of the file."""
        av = library()
        assert av is not None
        try:
            with _container(av, self.path, self.kind.demuxer) as container:
                for number, packet in enumerate(_packets(container, chunk)):
                    for frame in packet.decode():
                        if number >= chunk.warm:
                            yield samples_of(frame, self.track.sample_rate, self.track.channels)
        except (av.FFmpegError, UserError) as error:
            errors.append(f"{reason(error)} at or after second {self._second(chunk):.0f}")

    def _second(self, chunk: Chunk) -> float:
        return chunk.first / self.track.sample_rate


def source(path: AnyPath, kind: Kind) -> PyavSource:
    """Open for reading.

    Raises:
        UserError: it is damaged, has no audio track, or one with an unknown codec.
    """
    status, whole = os.stat(path), Path(os.path.abspath(path))
    return PyavSource(path, kind, _learned(whole, kind, status.st_size, status.st_mtime_ns))


@lru_cache(maxsize=4096)
def _learned(path: Path, kind: Kind, _size: int, _changed: int) -> Track:
    """Cached, because training reads crops of the same file many times."""
    av = library()
    assert av is not None
    learn: tuple[Callable[[Any], Track | None], ...] = (by_header, by_decoding)
    try:
        for each in learn if kind.demuxer == "mov" else learn[1:]:
            with _container(av, path, kind.demuxer) as container:
                if not container.streams.audio:
                    raise UserError(f"this {kind.name} file has no audio track", at=shown(path))
                if (track := each(container)) is not None:
                    return track
    except av.FFmpegError as error:
        raise UserError(
            f"this {kind.name} file is damaged or cut short ({reason(error)}); copy or record it "
            "again",
            at=shown(path),
        ) from None
    raise UserError("its audio track has no samples", at=shown(path))


@contextmanager
def _container(av: ModuleType, path: AnyPath, demuxer: str) -> Iterator[Any]:
    """Open a container for reading, with one thread.

    It gets an open file, so that nothing in its name or content can make libavformat open another.
    """
    # PyAV 19 and newer accept metadata in any encoding.
    old = int(av.__version__.split(".")[0]) < 19
    lenient = {"metadata_errors": "replace"} if old else {}
    with open(path, "rb") as file, av.open(file, format=demuxer, **lenient) as container:
        for stream in container.streams:
            if stream.type != "audio" and hasattr(stream, "discard"):
                stream.discard = type(stream.discard)["all"]
        for stream in container.streams.audio[:1]:
            if stream.codec_context is None:
                raise UserError(
                    "the codec of its audio track is unknown; convert it to .wav", at=shown(path)
                )
            stream.codec_context.thread_count = 1
        yield container


def _packets(container: Any, chunk: Chunk) -> Iterator[Any]:
    """The track's packets from the start of a chunk: by a seek, or by reading all before it."""
    stream = container.streams.audio[0]
    if chunk.first and chunk.pts is not None:
        container.seek(chunk.pts, stream=stream)
        packets = container.demux(stream)
        for packet in packets:
            if chunk.begins(packet):
                yield packet
                yield from packets
                return
            if packet.pts is None or packet.pts > chunk.pts:
                break
        container.seek(0, stream=stream)
    packets = container.demux(stream)
    for packet in packets:
        if not chunk.first or chunk.begins(packet):
            yield packet
            yield from packets
            return


def _first(chunk: Chunk) -> int:
    return chunk.first
