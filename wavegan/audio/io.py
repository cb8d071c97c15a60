"""Read and write audio files; the only module for audio files that other packages use.

Waves are float32 (C, T) in [-1, 1]; files of floats may exceed this. Reading a crop does not decode
the rest of the file. Damaged files are always reported.
"""

import logging
import os
from collections.abc import Callable, Iterator, Mapping
from functools import lru_cache, partial
from pathlib import Path
from typing import BinaryIO

import numpy as np
from numpy.typing import ArrayLike

from wavegan.audio import opening
from wavegan.audio.block_writer import hidden_sibling, is_plain, named_errors
from wavegan.audio.encoding import WriteReport, encode, format_of
from wavegan.audio.measuring import Measured, measure
from wavegan.audio.opening import AnyPath, AudioInfo, ShortReadError, Wave
from wavegan.audio.plausible import refuse_absurd_rate, refuse_packed_silence
from wavegan.audio.resample import resample_array, resample_blocks, resampled_length, source_span
from wavegan.errors import UserError

MOST = 1 << 27
"""Most samples (of all channels) in one read: half a gigabyte, 93 minutes of mono at 24 kHz."""
_log = logging.getLogger(__name__)

__all__ = [
    "AudioInfo",
    "Measured",
    "ShortReadError",
    "WriteReport",
    "encode",
    "measure",
    "mono_blocks",
    "probe",
    "read",
    "write",
]


def probe(path: AnyPath) -> AudioInfo:
    """Read a file's header.

    Raises:
        UserError: the file does not exist or cannot be read.
    """
    with opening.opened(path) as source:
        return source.info


def read(
    path: AnyPath,
    *,
    start: int = 0,
    frames: int | None = None,
    sample_rate: int | None = None,
    mono: bool = True,
    on_short: Callable[[ShortReadError], None] | None = None,
    on_note: Callable[[str], None] | None = None,
) -> tuple[Wave, int]:
    """Read a file or a segment of it.

    A segment equals the same slice of the whole file: exactly, or to 1e-6 for MP3 and after
    resampling (enough context is read on each side, from a sample that both rates share); to about
    5e-3 for Opus, whose decoder has state.

    Args:
        path: any file that libsndfile, PyAV or ffmpeg can read, whatever its extension.
        start: first sample, at the returned rate.
        frames: number of samples, at the returned rate; None: all. The result is shorter if the
            file ends first.
        sample_rate: wanted rate, Hz; None: the file's.
        mono: average the channels (antiphase stereo becomes silence); False keeps them.
        on_short: called with the error if the file ends too early; the samples before are returned.
            None: the error is raised. A complete segment of a damaged file is no error.
        on_note: called with a note about something unusual in a readable file, such as an
            unfinished header or a second audio track. None: it is logged as a warning, once.

    Returns:
        The wave (1 or C, T) and its rate, Hz.

    Raises:
        UserError: the file does not exist, is not audio, has no samples, or ends before `start`.
        ShortReadError: see `on_short`.
    """
    with opening.opened(path) as source:
        info = source.info
        refuse_absurd_rate(info)
        if frames is None:
            refuse_packed_silence(info)
        rate = info.sample_rate if sample_rate is None else sample_rate
        start, stop = _range(info, rate, start, frames)
        first, last, skip = source_span(start, stop, info.frames, info.sample_rate, rate)
        wave, error = _decode(source, info, first, last - first, mono)
    if info.note:
        (on_note or partial(_warn, opening.shown(path)))(info.note)
    # Damage known from the header matters only if the missing part was requested.
    to_the_end = frames is None or stop - start < frames
    if error is None and (to_the_end or wave.shape[-1] < last - first):
        error = info.damage
    if error is None and wave.shape[-1] < last - first:
        error = f"it ends after {first + wave.shape[-1]} of {info.frames} samples"
    if error is not None:
        _report(_short(info, error, first + wave.shape[-1]), on_short)
    if rate != info.sample_rate:
        _refuse_too_many(info, stop - start, rate)
        wave = resample_array(wave, info.sample_rate, rate)[:, skip : skip + stop - start]
    return wave, rate


def mono_blocks(path: AnyPath, sample_rate: int) -> Iterator[Wave]:
    """Read a whole file block by block, mixed to mono, in constant memory.

    Args:
        path: as in `read`.
        sample_rate: wanted rate, Hz.

    Yields:
        Blocks (T,); joined they are exactly the result of `read`.

    Raises:
        UserError: as `read`.
        ShortReadError: after the last block, if the file ends too early.
    """
    errors: list[str] = []
    with opening.opened(path) as source:
        info, decoded = source.info, 0
        refuse_absurd_rate(info)
        refuse_packed_silence(info)
        _range(info, sample_rate, 0, None)

        def mixed() -> Iterator[Wave]:
            nonlocal decoded
            for block in source.blocks(0, info.frames, errors, seamless=True):
                decoded += len(block)
                yield opening.mixed(block)[:, 0]

        if sample_rate == info.sample_rate:
            yield from mixed()
        else:
            yield from resample_blocks(mixed(), info.sample_rate, sample_rate, info.frames)
    if info.note:
        _warn(opening.shown(path), info.note)
    error = errors[0] if errors else info.damage
    if error is None and decoded < info.frames:
        error = f"it ends after {decoded} of {info.frames} samples"
    if error is not None:
        raise _short(info, error, decoded)


def write(
    target: AnyPath | BinaryIO,
    wave: ArrayLike,
    sample_rate: int,
    *,
    subtype: str | None = None,
    format: str | None = None,
    tags: Mapping[str, str] | None = None,
) -> WriteReport:
    """Write a file atomically, or write to an open binary stream.

    Args:
        target: a path, whose extension gives the format, or a stream (default format: WAV).
        wave: (T,) or (C, T), floats; full scale is 1.
        sample_rate: Hz.
        subtype: "PCM_16", "PCM_24", "FLOAT" or another of libsndfile's; None: the format's usual
            one, 16 bits for formats without their own codec.
        format: used instead of the extension: "wav", "flac", "ogg", "opus", "mp3", ….
        tags: texts for the file's metadata, as in `encode`.

    Returns:
        A report with the number of samples that were clipped to full scale; the caller should
        report them to the user. FLOAT and DOUBLE never clip.

    Raises:
        UserError: the format, subtype or rate cannot be written, or the folder does not exist.
        RunError: samples are not finite, or the disk cannot be written.
    """
    if not isinstance(target, str | os.PathLike):
        data, report = encode(wave, sample_rate, format=format or "wav", subtype=subtype, tags=tags)
        target.write(data)
        return report
    with named_errors(target):
        kind = format or format_of(target)
        data, report = encode(wave, sample_rate, format=kind, subtype=subtype, tags=tags)
        _put(Path(os.path.realpath(target)), data)
    return report


def _put(path: Path, data: bytes) -> None:
    """Replace a file atomically; write into a pipe or a device directly."""
    if not is_plain(path):
        path.write_bytes(data)
        return
    temporary = hidden_sibling(path)
    try:
        temporary.write_bytes(data)
        os.replace(temporary, path)
    finally:
        temporary.unlink(missing_ok=True)


def _range(info: AudioInfo, rate: int, start: int, frames: int | None) -> tuple[int, int]:
    """Start and stop of the requested part at `rate`; stop is limited to the end of the file."""
    total = resampled_length(info.frames, info.sample_rate, rate)
    name = opening.shown(info.path)
    if info.frames == 0 and info.damage is None:
        raise UserError("it has no samples; record or copy it again", at=name)
    if not 0 <= start <= total:
        raise UserError(f"start {start} is outside its {total} samples at {rate} Hz", at=name)
    if frames is not None and frames < 0:
        raise UserError(f"frames is {frames}: it must be 0 or more, or None for all", at=name)
    return start, total if frames is None else min(total, start + frames)


@lru_cache(maxsize=4096)
def _warn(name: str, note: str) -> None:
    """Log a note once; the cache skips repetitions."""
    _log.warning("%s: %s", name, note)


def _refuse_too_many(info: AudioInfo, samples: int, rate: int) -> None:
    if samples * info.channels > MOST:
        raise UserError(
            f"{samples / rate / 60:,.0f} minutes are too long to hold in memory: cut it into parts",
            at=opening.shown(info.path),
        )


def _short(info: AudioInfo, error: str, decoded: int) -> ShortReadError:
    name = opening.shown(info.path)
    return ShortReadError(f"damaged or cut short: {error}", info.path, decoded, at=name)


def _report(error: ShortReadError, on_short: Callable[[ShortReadError], None] | None) -> None:
    if on_short is None:
        raise error
    on_short(error)


def _decode(
    source: opening.Source, info: AudioInfo, first: int, count: int, mono: bool
) -> tuple[Wave, str | None]:
    """`count` samples from `first` as (C, T), and the decoder's error if there are fewer."""
    errors: list[str] = []
    # the header may announce more samples than the file has: limit the allocation
    channels = 1 if mono else info.channels
    wave, place = np.empty((channels, min(count, MOST // channels)), np.float32), 0
    for block in source.blocks(first, first + count, errors, seamless=True):
        if (place + len(block)) * channels > MOST:
            _refuse_too_many(info, count, info.sample_rate)
        wave[:, place : place + len(block)] = (opening.mixed(block) if mono else block).T
        place += len(block)
    whole = place == wave.shape[1]
    return wave if whole else wave[:, :place].copy(), errors[0] if errors else None
