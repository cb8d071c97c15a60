"""Decode a whole file in blocks and measure its levels, length and checksum."""

import math
import zlib
from dataclasses import dataclass

import numpy as np

from wavegan.audio import opening
from wavegan.audio.opening import AnyPath, AudioInfo
from wavegan.audio.plausible import refuse_packed_silence


@dataclass(frozen=True)
class Measured:
    """Measurements of a decoded file. Levels are linear; NaN and infinity count as 0 in them.

    Attributes:
        info: the header's information.
        frames_decoded: samples per channel that could be read.
        peak: largest absolute sample of any channel.
        mono_peak: largest absolute sample of the mono mix (mean of the channels), which training
            uses: it is 0 for antiphase stereo.
        rms: root mean square over all channels.
        mono_mean: mean of the mono mix; if its size is near `rms`, there is only an offset.
        non_finite_count: samples of all channels that are NaN or infinite.
        damage: why fewer samples could be read than the header says, or None.
        content: CRC-32 of all samples, eight hexadecimal digits.
    """

    info: AudioInfo
    frames_decoded: int
    peak: float
    mono_peak: float
    rms: float
    mono_mean: float
    non_finite_count: int
    damage: str | None
    content: str = ""


def measure(path: AnyPath) -> Measured:
    """Decode a whole file in blocks and measure it; damage is a result, not an error.

    Raises:
        UserError: the file does not exist, cannot be read, or has too few bits per second for a
            recording.
    """
    decoded, peaks, squares, mono_sum, bad = 0, np.zeros(2), 0.0, 0.0, 0
    errors: list[str] = []
    crc = 0
    with opening.opened(path) as source:
        info = source.info
        refuse_packed_silence(info)
        for block in source.blocks(0, info.frames, errors):
            crc = zlib.crc32(block.tobytes(), crc)
            finite = np.isfinite(block)
            bad += int(block.size - finite.sum())
            clean = np.where(finite, block, np.float32(0)).astype(np.float64)
            mix = opening.mixed(clean)
            peaks = np.maximum(peaks, [np.abs(clean).max(), np.abs(mix).max()])
            squares += float(np.square(clean).sum() / info.channels)
            mono_sum += float(mix.sum())
            decoded += len(block)
    if decoded < info.frames and not errors:
        errors.append(f"only {decoded} of {info.frames} samples can be read")
    return Measured(
        info=info,
        frames_decoded=decoded,
        peak=float(peaks[0]),
        mono_peak=float(peaks[1]),
        rms=math.sqrt(squares / max(decoded, 1)),
        mono_mean=mono_sum / max(decoded, 1),
        non_finite_count=bad,
        damage=errors[0] if errors else info.damage,
        content=f"{crc:08x}",
    )
