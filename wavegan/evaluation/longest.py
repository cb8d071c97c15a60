"""Limit the length of a clip: metrics and floors need all of it in memory."""

from pathlib import Path

from wavegan.audio.opening import AudioInfo, shown
from wavegan.audio.resample import resampled_length
from wavegan.errors import UserError
from wavegan.memory_limit import memory_remedy, spare

EACH = 260
"""Bytes of memory for each sample of a clip, with all default metrics and floors: spectra of both
clips and of Griffin-Lim, pitch tracks."""


def refuse_long(info: AudioInfo, sample_rate: int | None = None) -> None:
    """Refuse a clip that is too long for the memory, by its header.

    Args:
        info: the header.
        sample_rate: of the measurement, Hz; None is the clip's own.

    Raises:
        UserError: it is too long.
    """
    check_length(info.path, info.frames, info.sample_rate, sample_rate, info.channels)


def check_length(
    file: Path, frames: int, file_rate: int, sample_rate: int | None = None, channels: int = 1
) -> None:
    """Refuse a clip that is too long, by its number of frames at `file_rate` Hz."""
    rate = sample_rate or file_rate
    samples = resampled_length(frames, file_rate, rate)
    most = int(spare() / EACH / channels)
    if samples > most:
        kind = "mono" if channels == 1 else f"{channels} channels"
        raise UserError(
            f"{samples / rate:,.0f} s of {kind} at {rate} Hz are too long: up to "
            f"{most / rate:,.0f} s can be measured: {memory_remedy()}",
            at=shown(file),
        )
