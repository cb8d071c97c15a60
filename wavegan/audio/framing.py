"""Framing of waves: the padding modes and the number of frames."""

from typing import Literal

from wavegan.errors import UserError

Padding = Literal["same", "center", "none"]
PadMode = Literal["reflect", "zero"]


def frame_count(samples: int, hop_length: int, padding: Padding) -> int:
    """Number of frames: floor(samples / hop), plus one with "center", and at least one."""
    if samples < 1:
        raise UserError(f"samples is {samples}: a spectrogram needs at least one sample")
    return 1 + samples // hop_length if padding == "center" else max(1, samples // hop_length)
