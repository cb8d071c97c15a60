"""Sound to the bytes of an audio file, in memory: no file is opened here."""

import io
import os
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import soundfile
from numpy.typing import ArrayLike, NDArray

from wavegan.errors import RunError, UserError

# libsndfile crashes on a minute of stereo Vorbis written at once.
BLOCK = 1 << 14
# More is most likely (T, C) given for (C, T).
MOST_CHANNELS = 64
# Sizes in a WAV header have 32 bits.
LARGEST_WAV = (1 << 32) - (1 << 16)

# What libsndfile can write beside the samples, and where it reads all of it back.
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
        clipped: samples, of all channels, that were beyond full scale and were cut to it.
        peak: the largest absolute sample as it was given.
    """

    frames: int
    clipped: int
    peak: float


def format_of(path: str | os.PathLike[str]) -> str:
    """The format that a file's extension names, a key of `FORMATS`.

    Raises:
        UserError: none that can be written.
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
    """Encode a wave.

    Args:
        wave: (T,) or (C, T), floats; full scale is 1.
        sample_rate: Hz.
        format: a key of `FORMATS`, in any case.
        subtype: encoding as libsndfile names it; None is the format's usual one.
        tags: texts for the file's metadata, by keys of `TAGS`; left out where the format has no
            place for them.

    Raises:
        UserError: a shape, format, subtype, rate or tag that cannot be encoded.
        RunError: samples are not finite.
    """
    if format.lower() not in FORMATS:
        raise UserError(f"cannot write {format}: {_choices()}")
    container, usual = FORMATS[format.lower()]
    subtype = (subtype or usual).upper()
    if not soundfile.check_format(container, subtype):
        known = ", ".join(soundfile.available_subtypes(container))
        raise UserError(f"{container} cannot hold {subtype}: choose one of {known}")
    if unknown := set(tags or ()) - TAGS:
        raise UserError(f"no tag is called {min(unknown)}: choose of {', '.join(sorted(TAGS))}")
    samples = _frames_first(wave)
    # About what the data takes: 32 bits are the most but for DOUBLE.
    if container == "WAV" and samples.size * (8 if subtype == "DOUBLE" else 4) > LARGEST_WAV:
        raise UserError("too long for a WAV (4 GiB): write .w64 or .flac")
    levels = np.abs(samples)
    over = 0 if subtype in ("FLOAT", "DOUBLE") else int((levels > 1).sum())
    report = WriteReport(len(samples), over, float(levels.max(initial=0.0)))
    try:
        return _encoded(samples, sample_rate, container, subtype, tags or {}), report
    except (soundfile.LibsndfileError, OverflowError) as error:
        raise UserError(
            f"cannot write {container} {subtype} of {samples.shape[1]} channels at {sample_rate} "
            f"Hz: {error}"
        ) from None


def _frames_first(wave: ArrayLike) -> NDArray[np.float32]:
    """(T,) or (C, T) to a view or copy (T, C), checked."""
    array = np.asarray(wave)
    if array.ndim not in (1, 2) or not 1 <= np.atleast_2d(array).shape[0] <= MOST_CHANNELS:
        raise UserError(
            f"a wave of shape {array.shape}: it must be (samples,) or (channels, samples)"
        )
    if not np.issubdtype(array.dtype, np.floating):
        raise UserError(f"a wave of {array.dtype}: give floats with full scale 1")
    samples = np.atleast_2d(array).T.astype(np.float32, copy=False)
    finite = np.isfinite(samples)
    if not finite.all():
        wrong = samples.size - int(finite.sum())
        raise RunError(
            f"{wrong} of {samples.size} samples are NaN or infinite: nothing was written"
        )
    return samples


def _encoded(
    samples: NDArray[np.float32],
    sample_rate: int,
    container: str,
    subtype: str,
    tags: Mapping[str, str],
) -> bytes:
    memory = io.BytesIO()
    with soundfile.SoundFile(
        memory, "w", sample_rate, samples.shape[1], subtype, format=container
    ) as sound:
        for key, text in tags.items() if container in TAGGED else ():
            setattr(sound, key, text)
        for first in range(0, len(samples), BLOCK):
            sound.write(_quantized(samples[first : first + BLOCK], subtype))
    return memory.getvalue()


def _quantized(block: NDArray[np.float32], subtype: str) -> NDArray[np.generic]:
    """What soundfile is given: rounded by us for PCM, since libsndfile rounds down."""
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
