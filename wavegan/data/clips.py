"""Read a clip or a part of it with the sample rate, channels and level that a model needs."""

from pathlib import Path

import torch
from torch import Tensor

from wavegan.audio import io
from wavegan.audio.opening import shown
from wavegan.audio.resample import resampled_length
from wavegan.data.manifest import Clip
from wavegan.errors import UserError

CANCELLED = 0.01
"""If the mono mix is this much quieter than the channels (-40 dB), they cancel each other."""
LOUDEST = 8.0
"""A file with larger samples has changed since the scan: peaks are scaled to 1 or less, and
resampling exceeds that only a little."""


def length(clip: Clip, sample_rate: int) -> int:
    """Number of samples of a clip at a sample rate in Hz."""
    last = resampled_length(clip.start + clip.frames, clip.sample_rate, sample_rate)
    return last - offset(clip, sample_rate)


def offset(clip: Clip, sample_rate: int) -> int:
    """The start of a clip in its file, in samples at a sample rate in Hz."""
    return resampled_length(clip.start, clip.sample_rate, sample_rate)


def whole(
    clip: Clip, root: Path, sample_rate: int, channels: int = 1, peak: float | None = None
) -> Tensor:
    """Read a whole clip as `(channels, length(clip, sample_rate))`; see `crop`."""
    frames = length(clip, sample_rate)
    return crop(clip, root, sample_rate, channels, peak, start=0, frames=frames)


def crop(
    clip: Clip,
    root: Path,
    sample_rate: int,
    channels: int = 1,
    peak: float | None = None,
    *,
    start: int,
    frames: int,
) -> Tensor:
    """Read a part of a clip; it equals the same part of the whole clip.

    Args:
        clip: from a manifest; its file must still be at least as long.
        root: the folder its path is relative to.
        sample_rate: of the result, Hz.
        channels: of the result. 1: the mean of the file's channels, or the first channel if they
            cancel each other; more: the file's first channels, or copies of the mean if it has
            fewer.
        peak: scale the whole file to this peak. None: keep the level, but scale a file above full
            scale down to it.
        start: first sample, relative to the start of the clip, at `sample_rate`.
        frames: number of samples at `sample_rate`.

    Returns:
        `(channels, frames)` float32, shorter at the end of the clip.

    Raises:
        UserError: the file is missing, damaged, or has changed since the scan.
    """
    file = root / clip.path
    mono = channels == 1 and not _cancels(clip)
    wanted = min(frames, length(clip, sample_rate) - start)
    first = offset(clip, sample_rate) + start
    wave, _ = io.read(
        file, start=first, frames=wanted, sample_rate=sample_rate, mono=mono, on_note=_known
    )
    audio = torch.from_numpy(wave)
    level = gain(clip, channels, peak)
    # the comparison is also false for NaN
    if audio.shape[-1] < wanted or not bool((audio.abs() * level <= LOUDEST).all()):
        raise UserError("it has changed: scan the folder again", at=shown(file))
    return _choose(audio, channels) * level


def _known(note: str) -> None:
    """Ignore the note: the clip's notice already contains it."""


def _cancels(clip: Clip) -> bool:
    return clip.channels > 1 and clip.peak < CANCELLED * clip.channel_peak


def _choose(audio: Tensor, channels: int) -> Tensor:
    """Convert a file's channels to `(channels, T)`."""
    if audio.shape[0] >= channels:
        return audio[:channels]
    return audio.mean(0, keepdim=True).expand(channels, -1)


def gain(clip: Clip, channels: int = 1, peak: float | None = None) -> float:
    """The gain applied to a clip; `channels` and `peak` as in `crop`."""
    mixed = channels == 1 and not _cancels(clip)
    loudest = clip.peak if mixed else clip.channel_peak
    return peak / loudest if peak is not None else min(1.0, 1.0 / loudest)
