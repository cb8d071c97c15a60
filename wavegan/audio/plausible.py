"""Whether a header can be that of a recording: files that promise absurd work are refused by it."""

import os

from wavegan.audio.source import AudioInfo, shown
from wavegan.errors import UserError

LOWEST_RATE, HIGHEST_RATE = 500, 1 << 23
"""Hz of what is called sound; the fastest converters sample at a few million."""
LONG, TIGHTEST, SAMPLES_PER_BYTE = 600, 1000, 8
"""Seconds from which on a file of fewer bits per second, more samples per byte, is no
recording: speech codecs in use take 6,000 bit/s."""


def refuse_what_is_no_sound(info: AudioInfo) -> None:
    """A rate of 1 Hz makes hours of a thousand samples wherever they are resampled.

    Raises:
        UserError: it is no rate of sound.
    """
    if not LOWEST_RATE <= info.sample_rate <= HIGHEST_RATE:
        raise UserError(
            f"its header says {info.sample_rate} Hz, which is no rate of sound "
            f"({LOWEST_RATE} to {HIGHEST_RATE:,}); is it damaged?",
            at=shown(info.path),
        )


def refuse_what_is_packed(info: AudioInfo) -> None:
    """Hours of nothing take a thousandth of what recordings do, and would be worked on for hours.

    Raises:
        UserError: the file is more tightly packed than sound is.
    """
    size = os.path.getsize(info.path)
    packed = info.frames > SAMPLES_PER_BYTE * size and 8 * size < TIGHTEST * info.seconds
    if info.seconds > LONG and packed:
        raise UserError(
            f"{size:,} bytes for {info.seconds / 60:,.0f} minutes: recordings take {TIGHTEST} "
            "bit/s at least, so this is silence or its header is damaged: cut it, or convert it to "
            "WAV if all of it is wanted",
            at=shown(info.path),
        )
