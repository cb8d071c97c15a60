"""Reading a clip, whole or in part, as a model wants it: rate, channels and level."""

from pathlib import Path

import torch
from torch import Tensor

from wavegan.audio import io
from wavegan.audio.opening import shown
from wavegan.audio.resample import resampled_length
from wavegan.data.manifest import Clip
from wavegan.errors import UserError

CANCELLED = 0.01
"""A mono mix this much quieter than its channels (-40 dB) has cancelled them out."""
LOUDEST = 8.0
"""Sample above which a file is not what was scanned: its peak is brought to 1 or less, and
resampling goes over that by little."""


def length(clip: Clip, sample_rate: int) -> int:
    """Return the samples a clip has at a rate in Hz."""
    last = resampled_length(clip.start + clip.frames, clip.sample_rate, sample_rate)
    return last - offset(clip, sample_rate)


def offset(clip: Clip, sample_rate: int) -> int:
    """Return where in its file a clip begins, in samples at a rate in Hz."""
    return resampled_length(clip.start, clip.sample_rate, sample_rate)


def whole(
    clip: Clip, root: Path, sample_rate: int, channels: int = 1, peak: float | None = None
) -> Tensor:
    """Read all of a clip as `(channels, length(clip, sample_rate))`; see `crop`."""
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
    """Read a part of a clip; it equals that part of the whole.

    Args:
        clip: from a manifest; what its file holds now must be at least as long.
        root: the folder its path is relative to.
        sample_rate: of the result, Hz.
        channels: of the result. One is the mean of the file's, or the first where their mean
            cancels out; several are the file's first, or copies of its mean if it has fewer.
        peak: scale the file, not the part, to this peak. None keeps the level as recorded, but
            brings a file that goes over full scale down to it.
        start: first sample, counted from the clip's own first, at `sample_rate`.
        frames: how many samples, counted likewise.

    Returns:
        `(channels, frames)` float32, shorter where the clip ends.

    Raises:
        UserError: the file is gone, damaged, or no longer what the manifest says.
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
    # NaN is not within bounds either
    if audio.shape[-1] < wanted or not bool((audio.abs() * level <= LOUDEST).all()):
        raise UserError("it has changed: scan the folder again", at=shown(file))
    return _choose(audio, channels) * level


def _known(note: str) -> None:
    """Say nothing: the clip's notice has said it."""


def _cancels(clip: Clip) -> bool:
    return clip.channels > 1 and clip.peak < CANCELLED * clip.channel_peak


def _choose(audio: Tensor, channels: int) -> Tensor:
    """Make `(channels, T)` of a file's channels."""
    if audio.shape[0] >= channels:
        return audio[:channels]
    return audio.mean(0, keepdim=True).expand(channels, -1)


def gain(clip: Clip, channels: int = 1, peak: float | None = None) -> float:
    """Return what a clip's samples are multiplied by; `channels` and `peak` as in `crop`."""
    mixed = channels == 1 and not _cancels(clip)
    loudest = clip.peak if mixed else clip.channel_peak
    return peak / loudest if peak is not None else min(1.0, 1.0 / loudest)
