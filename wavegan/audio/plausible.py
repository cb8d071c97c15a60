"""Refuse files whose header is absurd for a recording and would cause hours of work."""

import os

from wavegan.audio.source import AudioInfo, shown
from wavegan.errors import UserError

LOWEST_RATE, HIGHEST_RATE = 500, 1 << 23
"""Range of sample rates in Hz; the fastest converters sample at a few million."""
LONG, TIGHTEST, SAMPLES_PER_BYTE = 600, 1000, 8
"""A file longer than LONG seconds with fewer than TIGHTEST bits per second and more than
SAMPLES_PER_BYTE samples per byte is not a recording: speech codecs use 6,000 bit/s."""


def refuse_absurd_rate(info: AudioInfo) -> None:
    """Refuse absurd sample rates: at 1 Hz, a few thousand samples would be resampled to hours.

    Raises:
        UserError: the sample rate is out of range.
    """
    if not LOWEST_RATE <= info.sample_rate <= HIGHEST_RATE:
        raise UserError(
            f"its header has a sample rate of {info.sample_rate} Hz, outside {LOWEST_RATE} to "
            f"{HIGHEST_RATE:,} Hz: it is probably damaged; copy or convert it again",
            at=shown(info.path),
        )


def refuse_packed_silence(info: AudioInfo) -> None:
    """Refuse small files with hours of silence, which would be processed for hours.

    Raises:
        UserError: the file has too few bits per second for a recording.
    """
    size = os.path.getsize(info.path)
    packed = info.frames > SAMPLES_PER_BYTE * size and 8 * size < TIGHTEST * info.seconds
    if info.seconds > LONG and packed:
        raise UserError(
            f"it has {size:,} bytes for {info.seconds / 60:,.0f} minutes, but recordings have at "
            f"least {TIGHTEST} bit/s: it is silence, or its header is damaged; cut it, or convert "
            "it to WAV if you need all of it",
            at=shown(info.path),
        )
