"""How waves are cut into frames: the paddings there are, and how many frames each gives."""

from typing import Literal

from wavegan.errors import UserError

Padding = Literal["same", "center", "none"]
PadMode = Literal["reflect", "zero"]


def frame_count(samples: int, hop_length: int, padding: Padding) -> int:
    """Frames of a wave: floor(samples / hop), one more if centred, and never none."""
    if samples < 1:
        raise UserError(f"samples is {samples}: a spectrogram needs at least one")
    return 1 + samples // hop_length if padding == "center" else max(1, samples // hop_length)
