"""How long a clip may be that is measured: metrics and floors need all of it at once."""

from pathlib import Path

from wavegan.audio.opening import AudioInfo, shown
from wavegan.audio.resample import resampled_length
from wavegan.errors import UserError
from wavegan.memory_limit import spare, way_out

EACH = 260
"""Bytes that measuring takes for each sample of a clip, with all usual metrics and floors: spectra
of both clips, those of Griffin-Lim, tracks of pitch."""


def refuse_long(info: AudioInfo, sample_rate: int | None = None) -> None:
    """Refuse a clip that memory does not suffice for, by its header.

    Args:
        info: what its header says.
        sample_rate: Hz that it is measured at; None is its own.

    Raises:
        UserError: it is too long.
    """
    check_length(info.path, info.frames, info.sample_rate, sample_rate, info.channels)


def check_length(
    file: Path, frames: int, file_rate: int, sample_rate: int | None = None, channels: int = 1
) -> None:
    """The same, of so many frames at `file_rate` Hz."""
    rate = sample_rate or file_rate
    samples = resampled_length(frames, file_rate, rate)
    most = int(spare() / EACH / channels)
    if samples > most:
        kind = "mono" if channels == 1 else f"{channels} channels"
        raise UserError(
            f"{samples / rate:,.0f} s of {kind} at {rate} Hz, and up to {most / rate:,.0f} s are "
            f"measured at once: {way_out()}",
            at=shown(file),
        )
