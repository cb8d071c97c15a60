"""Index of a container's audio track: its length, and the packets where decoding can start."""

from collections import deque
from dataclasses import dataclass
from fractions import Fraction
from typing import Any

import numpy as np

from wavegan.audio.source import Wave, several
from wavegan.errors import UserError

CHUNK = 10.0
"""Seconds of audio that one decoder decodes."""
WARM_UP = 0.3
"""Seconds of packets (at least two) that a decoder decodes before its chunk: AAC needs two, Opus
80 ms, MP3 about six."""


@dataclass(frozen=True, slots=True)
class Chunk:
    """A part of a track that is decoded independently.

    Attributes:
        first: its first sample.
        pts: time of the packet where decoding starts, in units of the stream; None if unknown.
        pos: byte position of that packet in the file; -1 if unknown.
        warm: number of packets to decode and drop before the chunk.
    """

    first: int
    pts: int | None = None
    pos: int = -1
    warm: int = 0

    def begins(self, packet: Any) -> bool:
        """Whether decoding starts at this packet."""
        # Windows Media has several packets at one position, and some files repeat a time.
        return packet.pts == self.pts and (self.pos < 0 or packet.pos == self.pos)


@dataclass(frozen=True)
class Track:
    """An audio track.

    Attributes:
        sample_rate: Hz, as decoded.
        channels: channels, as decoded.
        frames: samples per channel.
        codec: its name in FFmpeg.
        chunks: its chunks in order; the first begins at sample 0.
        note: a note for the user, or "".
        damage: why it ends early, or None.
    """

    sample_rate: int
    channels: int
    frames: int
    codec: str
    chunks: tuple[Chunk, ...]
    note: str = ""
    damage: str | None = None


@dataclass(frozen=True)
class _Pace:
    """The timing of a track whose packets are equally long.

    Attributes:
        rate: Hz, as decoded.
        channels: channels, as decoded.
        unit: samples per unit of the stream's time base.
        duration: duration of a packet in time base units.
        first: time of the first packet in time base units.
        begin: time of the first output sample, in samples.
    """

    rate: int
    channels: int
    unit: Fraction
    duration: int
    first: int
    begin: Fraction

    def time(self, packet: int) -> int:
        """The start time of a packet, by its number."""
        return self.first + packet * self.duration

    def sample(self, time: int) -> int:
        """The output sample at a time."""
        return int(time * self.unit - self.begin)


def by_header(container: Any) -> Track | None:
    """Index a track from an MP4's header and four of its packets; None if that is not enough.

    It is enough if all packets except the last are equally long: then the number of packets and the
    times of the first and last one agree.
    """
    stream = container.streams.audio[0]
    pace = _pace(container, stream)
    if pace is None:
        return None
    last = _last(container, stream, pace.time(stream.frames - 1))
    if last is None or not 0 < last.duration <= pace.duration:
        return None
    length = pace.duration * pace.unit
    per_chunk = max(1, round(CHUNK * pace.rate / length))
    warm = max(2, int(-(-WARM_UP * pace.rate // length)))
    chunks = [Chunk(0)]
    for number in range(per_chunk, stream.frames, per_chunk):
        before = min(warm, number)
        chunks.append(
            Chunk(pace.sample(pace.time(number)), pace.time(number - before), warm=before)
        )
    total = pace.sample(last.pts + last.duration)
    note = several(len(container.streams.audio))
    return Track(pace.rate, pace.channels, total, _codec(stream), tuple(chunks), note)


def by_decoding(container: Any) -> Track | None:
    """Index a track by decoding all of it; None if it has no samples."""
    import av

    stream, damage = container.streams.audio[0], None
    total, cut, shape, chunks = 0, 0, None, [Chunk(0)]
    recent: deque[tuple[int | None, int, int]] = deque(maxlen=512)
    try:
        for packet in container.demux(stream):
            if shape and packet.size and total >= chunks[-1].first + CHUNK * shape[0]:
                chunks.extend(_chunk(recent, total, shape[0]))
            recent.append((packet.pts, -1 if packet.pos is None else packet.pos, total))
            frames = packet.decode()
            shape = shape or next(((f.sample_rate, _channels(f)) for f in frames), None)
            for frame in frames:
                samples_of(frame, *(shape or (0, 0)))
            samples = sum(frame.samples for frame in frames)
            if packet.size:
                cut = _excess(packet, samples, stream, shape)
            total += samples
    except (av.FFmpegError, UserError) as error:
        if shape is None:
            raise
        damage = f"{reason(error)} after {total} samples"
    if shape is None:
        return None
    note = several(len(container.streams.audio))
    return Track(*shape, total - cut, _codec(stream), tuple(chunks), note, damage)


def samples_of(frame: Any, sample_rate: int, channels: int) -> Wave:
    """A decoded frame as (T, C) float32, full scale 1.

    Raises:
        UserError: its rate or its channels differ from the track's.
    """
    found = _channels(frame)
    if (frame.sample_rate, found) != (sample_rate, channels):
        raise UserError(
            f"the format changes from {sample_rate} Hz, {channels} channels to "
            f"{frame.sample_rate} Hz, {found} channels"
        )
    array = frame.to_ndarray()
    wave = array.T if frame.format.is_planar else array.reshape(-1, channels)
    if wave.dtype.kind == "f":
        return np.ascontiguousarray(wave, dtype=np.float32)
    # Unsigned (8-bit) samples have their zero in the middle.
    half = 2.0 ** (8 * wave.dtype.itemsize - 1)
    level = wave.astype(np.float64) / half
    return np.ascontiguousarray(level - (wave.dtype.kind == "u"), dtype=np.float32)


def reason(error: Exception) -> str:
    """FFmpeg's message without the error number and the source location."""
    text = getattr(error, "strerror", None) or str(error)
    return str(text).strip().rstrip(".")


def _pace(container: Any, stream: Any) -> _Pace | None:
    """The timing of a track from its first three packets; None if it cannot be regular."""
    packets, decoded = [], []
    for packet in container.demux(stream):
        packets.append(packet)
        decoded.append(packet.decode() if packet.size else [])
        if len(packets) == 3 or not packet.size:
            break
    frames, first = [frame for each in decoded for frame in each], packets[0]
    if stream.frames <= 3 or len(packets) < 3 or not decoded[2] or not first.duration:
        return None
    rate = frames[-1].sample_rate
    unit = _fraction(stream.time_base) * rate
    even = [frame.samples for frame in decoded[2]] == [unit * first.duration]
    if not even or unit.denominator != 1 or None in (first.pts, frames[0].pts):
        return None
    begin = frames[0].pts * _fraction(frames[0].time_base) * rate
    return _Pace(rate, _channels(frames[-1]), unit, first.duration, first.pts, begin)


def _last(container: Any, stream: Any, pts: int) -> Any:
    """The last packet of a track if it has this time, else None."""
    container.seek(pts, stream=stream)
    found = None
    for packet in container.demux(stream):
        found = packet if packet.size else found
    whole = found is not None and found.pts == pts and not getattr(found, "is_discard", False)
    return found if whole else None


def _chunk(recent: deque[tuple[int | None, int, int]], total: int, rate: int) -> list[Chunk]:
    """A chunk that begins here, or no chunk if its first packet has no time to seek to."""
    warm = 0
    for warm in range(1, len(recent) + 1):
        if warm >= 2 and total - recent[-warm][2] >= WARM_UP * rate:
            break
    pts, pos, _ = recent[-warm]
    return [] if pts is None else [Chunk(total, pts, pos, warm)]


def _excess(packet: Any, samples: int, stream: Any, shape: tuple[int, int] | None) -> int:
    """How many samples a packet decodes to beyond its duration, if the duration is exact."""
    if shape is None or not packet.duration or not packet.time_base:
        return 0
    unit = _fraction(packet.time_base) * shape[0]
    return max(0, int(samples - packet.duration * unit)) if unit == 1 else 0


def _fraction(number: Any) -> Fraction:
    """A time base as a fraction; PyAV 19 and newer have their own class for it."""
    return Fraction(number.numerator, number.denominator)


def _channels(frame: Any) -> int:
    return len(frame.layout.channels)


def _codec(stream: Any) -> str:
    return str(stream.codec_context.codec.canonical_name)
