"""Encode waves to the bytes of an audio file, in memory or into an open file."""

import io
import os
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO

import numpy as np
import soundfile
from numpy.typing import ArrayLike, NDArray

from wavegan.audio.timeless import timeless
from wavegan.errors import RunError, UserError

# libsndfile crashes if a minute of stereo Vorbis is written in one call.
BLOCK = 1 << 14
# More channels are probably a wave (T, C) instead of (C, T).
MOST_CHANNELS = 64
# Sizes in a WAV header have 32 bits.
LARGEST_WAV = (1 << 32) - (1 << 16)

# The tags that libsndfile can write, and the formats in which it reads all of them back.
TAGS = frozenset(
    ("title", "copyright", "software", "artist", "comment", "date", "album", "license", "genre")
)
TAGGED = frozenset(("WAV", "FLAC", "OGG", "AIFF", "CAF", "RF64"))

# Extension: container and usual encoding.
FORMATS = {
    "wav": ("WAV", "PCM_16"),
    "flac": ("FLAC", "PCM_16"),
    "ogg": ("OGG", "VORBIS"),
    "oga": ("OGG", "VORBIS"),
    "opus": ("OGG", "OPUS"),
    "mp3": ("MP3", "MPEG_LAYER_III"),
    "aiff": ("AIFF", "PCM_16"),
    "aif": ("AIFF", "PCM_16"),
    "au": ("AU", "PCM_16"),
    "caf": ("CAF", "PCM_16"),
    "w64": ("W64", "PCM_16"),
    "rf64": ("RF64", "PCM_16"),
}


@dataclass(frozen=True)
class WriteReport:
    """What was written.

    Attributes:
        frames: samples per channel.
        clipped: samples of all channels that were clipped to full scale.
        peak: the largest absolute sample before clipping.
    """

    frames: int
    clipped: int
    peak: float


def format_of(path: str | os.PathLike[str]) -> str:
    """The format of a file's extension, a key of `FORMATS`.

    Raises:
        UserError: the format cannot be written.
    """
    suffix = Path(path).suffix.lower().lstrip(".")
    if suffix not in FORMATS:
        raise UserError(f"cannot write {suffix or 'a name without extension'}: {_choices()}")
    return suffix


def encode(
    wave: ArrayLike,
    sample_rate: int,
    *,
    format: str = "wav",
    subtype: str | None = None,
    tags: Mapping[str, str] | None = None,
) -> tuple[bytes, WriteReport]:
    """Encode a wave; the same wave and tags always give the same bytes.

    Args:
        wave: (T,) or (C, T), floats; full scale is 1.
        sample_rate: Hz.
        format: a key of `FORMATS`, in any case.
        subtype: libsndfile's name of the encoding; None: the format's usual one.
        tags: texts for the file's metadata, by keys of `TAGS`; omitted if the format cannot hold
            them.

    Raises:
        UserError: the shape, format, subtype, rate or a tag cannot be encoded.
        RunError: samples are not finite.
    """
    samples, memory = _frames_first(wave), io.BytesIO()
    encoder = Encoder(
        memory, sample_rate, *samples.shape, format=format, subtype=subtype, tags=tags
    )
    try:
        encoder.write(samples.T)
        report = encoder.finish()
    finally:
        encoder.close()
    return memory.getvalue(), report


class Encoder:
    """Encodes a wave block by block, to the same bytes as `encode`.

    Args:
        file: the output, empty, open for reading and writing.
        sample_rate: Hz.
        samples: largest number of samples per channel.
        channels: number of channels.
        format: as in `encode`.
        subtype: as in `encode`.
        tags: as in `encode`.

    Raises:
        UserError: as `encode`.
        OSError: the file cannot be written.
    """

    def __init__(
        self,
        file: BinaryIO,
        sample_rate: int,
        samples: int,
        channels: int = 1,
        *,
        format: str = "wav",
        subtype: str | None = None,
        tags: Mapping[str, str] | None = None,
    ) -> None:
        self._container, self._subtype = _kind(format, subtype, tags)
        # An upper estimate of the size: all encodings except DOUBLE have at most 32 bits.
        each = 8 if self._subtype == "DOUBLE" else 4
        if self._container == "WAV" and samples * channels * each > LARGEST_WAV:
            raise UserError("too long for a WAV (4 GiB): write .w64 or .flac")
        self._file = _Kept(file)
        self._frames, self._over, self._peak = 0, 0, 0.0
        self._rest = np.zeros((0, channels), np.float32)
        try:
            self._sound = soundfile.SoundFile(
                self._file, "w", sample_rate, channels, self._subtype, format=self._container
            )
            for key, text in (tags or {}).items() if self._container in TAGGED else ():
                setattr(self._sound, key, text)
        except (soundfile.LibsndfileError, OverflowError) as error:
            raise UserError(
                f"cannot write {self._container} {self._subtype} of {channels} channels at "
                f"{sample_rate} Hz: {error}"
            ) from None

    def write(self, wave: ArrayLike) -> None:
        """Encode the next block, (T,) or (C, T).

        Raises:
            UserError: it is not a wave of floats.
            RunError: samples are not finite.
            OSError: the file cannot be written.
        """
        samples = _frames_first(wave)
        self._frames += len(samples)
        _refuse_what_is_not_finite(samples, self._frames * samples.shape[1])
        # Measure block by block too, to need little memory next to a long wave.
        for first in range(0, len(samples), BLOCK):
            levels = np.abs(samples[first : first + BLOCK])
            self._peak = max(self._peak, float(levels.max()))
            if self._subtype not in ("FLOAT", "DOUBLE"):
                self._over += int((levels > 1).sum())
        if len(self._rest):
            samples = np.concatenate([self._rest, samples])
        whole = len(samples) // BLOCK * BLOCK
        for first in range(0, whole, BLOCK):
            self._put(samples[first : first + BLOCK])
        self._rest = samples[whole:].copy()

    def finish(self) -> WriteReport:
        """Complete the file; nothing can be written afterwards.

        Raises:
            OSError: the file cannot be written.
        """
        if len(self._rest):
            self._put(self._rest)
        self.close()
        self._file.check()
        timeless(self._file.file, self._container)
        self._file.file.flush()
        return WriteReport(self._frames, self._over, self._peak)

    def close(self) -> None:
        """Stop encoding; the file stays as it is, complete or not."""
        self._sound.close()

    def _put(self, block: NDArray[np.float32]) -> None:
        self._sound.write(_quantized(block, self._subtype))
        self._file.check()


class _Kept:
    """A file for libsndfile that keeps the first error: exceptions cannot pass its callbacks."""

    def __init__(self, file: BinaryIO) -> None:
        self.file, self.seek, self.tell = file, file.seek, file.tell
        self.read = file.read
        self._error: OSError | None = None

    def write(self, data: bytes) -> int:
        """Write; on an error keep it and report success."""
        try:
            return self.file.write(data)
        except OSError as error:
            self._error = self._error or error
            return len(data)

    def check(self) -> None:
        """Raise the first error, if there was one."""
        if self._error is not None:
            raise self._error


def _kind(format: str, subtype: str | None, tags: Mapping[str, str] | None) -> tuple[str, str]:
    """The container and the encoding under libsndfile's names, checked."""
    if format.lower() not in FORMATS:
        raise UserError(f"cannot write {format}: {_choices()}")
    container, usual = FORMATS[format.lower()]
    subtype = (subtype or usual).upper()
    if not soundfile.check_format(container, subtype):
        known = ", ".join(soundfile.available_subtypes(container))
        raise UserError(f"{container} cannot hold {subtype}: choose one of {known}")
    if unknown := set(tags or ()) - TAGS:
        raise UserError(f"unknown tag {min(unknown)}: choose one of {', '.join(sorted(TAGS))}")
    return container, subtype


def _frames_first(wave: ArrayLike) -> NDArray[np.float32]:
    """(T,) or (C, T) to a view or copy (T, C), checked."""
    array = np.asarray(wave)
    if array.ndim not in (1, 2) or not 1 <= np.atleast_2d(array).shape[0] <= MOST_CHANNELS:
        raise UserError(
            f"the wave has shape {array.shape}: it must be (samples,) or (channels, samples)"
        )
    if not np.issubdtype(array.dtype, np.floating):
        raise UserError(f"the wave is {array.dtype}: give floats with full scale 1")
    return np.atleast_2d(array).T.astype(np.float32, copy=False)


def _refuse_what_is_not_finite(samples: NDArray[np.float32], of: int) -> None:
    finite = np.isfinite(samples)
    if not finite.all():
        wrong = samples.size - int(finite.sum())
        raise RunError(f"{wrong} of {of} samples are NaN or infinite: nothing was written")


def _quantized(block: NDArray[np.float32], subtype: str) -> NDArray[np.generic]:
    """The values for soundfile; for PCM they are rounded here, because libsndfile rounds down."""
    if subtype in ("FLOAT", "DOUBLE"):
        return np.ascontiguousarray(block)
    if subtype in ("PCM_16", "PCM_24"):
        bits = int(subtype[-2:])
        half = 2.0 ** (bits - 1)
        steps: NDArray[np.int32] = np.rint(block * half).clip(-half, half - 1).astype(np.int32)
        return steps << (32 - bits)
    return np.ascontiguousarray(block.clip(-1, 1))


def _choices() -> str:
    return f"choose one of {', '.join('.' + name for name in FORMATS)}"
