"""Hours of audio or of mels through a vocoder, in memory that does not grow with them.

Everything goes by in blocks: read, mixed, resampled, framed, decoded. A file is gone through twice,
since a model hears a recording at one peak, and what is wrong with it is told before the work.
"""

from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import NamedTuple

import numpy as np
import torch
from torch import Tensor

from wavegan.audio import io
from wavegan.audio.opening import shown
from wavegan.audio.resample import resampled_length
from wavegan.audio.silence import INAUDIBLE
from wavegan.errors import UserError
from wavegan.inference.given import samples as checked
from wavegan.inference.noise import draw_blocks
from wavegan.inference.pieces import decode_blocks, most_frames
from wavegan.inference.revocode import check_rates, silence_after
from wavegan.inference.vocoder import Vocoder
from wavegan.inference.whole import longest
from wavegan.mel import mel_file, spectrogram
from wavegan.mel.blocks import mel_blocks
from wavegan.memory_limit import way_out

MOST_NOISE = 400_000_000
"""Bytes of noise of several channels: it is drawn at once."""
SEEN, APART = 160, 4
"""Frames of a mel whose range is looked at, and in how many places."""


class LongAudio(NamedTuple):
    """Audio that is made as it is asked for.

    Attributes:
        samples: of all of it.
        blocks: `(T',)` each, on the CPU.
    """

    samples: int
    blocks: Iterator[Tensor]


def copied(vocoder: Vocoder, file: Path) -> LongAudio | None:
    """The copy of a recording, as `revocode` makes it; None: it is short, or made at once.

    Args:
        vocoder: any.
        file: audio.

    Raises:
        UserError: what `revocode` and `io.read` refuse, before anything is made; too much for a
            network that needs all of it at once.
    """
    check_rates(vocoder)
    info, rate = io.probe(file), vocoder.sample_rate
    promised = resampled_length(info.frames, info.sample_rate, rate)
    if not _in_blocks(vocoder, file, promised):
        return None
    samples, peak = _surveyed(file, rate)
    gain = vocoder.peak / peak if vocoder.peak and peak >= INAUDIBLE else 1.0
    checked(torch.tensor([peak * gain]), shown(file))
    silence = torch.zeros(silence_after(vocoder, samples))
    heard = samples + len(silence)

    def wave() -> Iterator[Tensor]:
        for block in io.mono_blocks(file, rate):
            yield torch.from_numpy(block).to(vocoder.device) * gain
        yield silence.to(vocoder.device)

    mel = mel_blocks(vocoder.front_end, wave(), heard)
    made = _decoded(vocoder, mel, vocoder.mel_config.frames(heard), file)
    return LongAudio(samples, (block / gain for block in _exactly(made, samples)))


def vocoded(vocoder: Vocoder, file: Path) -> LongAudio | None:
    """The audio of a mel in a file, as the vocoder makes it; None: short, or made at once.

    Raises:
        UserError: values that are not finite, and what `mel_file` refuses; too much for a network
            that needs all of it at once.
    """
    n_mels, layout = vocoder.n_mels, vocoder.mel_config.layout
    frames = mel_file.mapped(file, n_mels, layout).shape[1]
    if not _in_blocks(vocoder, file, frames * vocoder.hop_length):
        return None
    for block in mel_file.blocks(file, n_mels, layout):
        if not bool(block.isfinite().all()):
            raise UserError("the mel has values that are not finite", at=shown(file))
    starts = [place * max(frames - SEEN, 0) // (APART - 1) for place in range(APART)]
    seen = [mel_file.read(file, n_mels, layout, start=at, frames=SEEN) for at in starts]
    vocoder.warn_of_range(torch.stack(seen))
    mel = (block.to(vocoder.device) for block in mel_file.blocks(file, n_mels, layout))
    made = _decoded(vocoder, mel, frames, file)
    return LongAudio(vocoder.generator.output_length(frames), made)


def _in_blocks(vocoder: Vocoder, file: Path, samples: int) -> bool:
    """Whether so much audio is made in blocks; what is too much to be made at once is refused."""
    network, hop = vocoder.generator, vocoder.hop_length
    if samples <= most_frames(network, vocoder.device) * hop:
        return False
    if vocoder.reach is not None:
        return samples > spectrogram.LONGEST
    most = longest(network, vocoder.n_mels) * hop
    if samples > most:
        rate = vocoder.sample_rate
        raise UserError(
            f"{samples / rate:,.0f} s, and this network has to make all of it at once, up to "
            f"{most / rate:,.0f} s: {way_out()}",
            at=shown(file),
        )
    return False


def _surveyed(file: Path, rate: int) -> tuple[int, float]:
    """Samples of a recording, and the largest; NaN where one is none."""
    count, peak = 0, np.float32(0)
    for block in io.mono_blocks(file, rate):
        count += len(block)
        peak = np.maximum(peak, np.abs(block).max(initial=0))
    return count, float(peak)


def _decoded(vocoder: Vocoder, mel: Iterable[Tensor], frames: int, file: Path) -> Iterator[Tensor]:
    network = vocoder.generator
    shape, known = network.noise_shape(frames), vocoder.reach
    assert known is not None
    if shape is not None and shape[0] > 1 and 4 * shape[0] * shape[1] > MOST_NOISE:
        raise UserError(
            f"{frames:,} frames are more than this network's noise can be drawn for: cut it into "
            "parts",
            at=shown(file),
        )
    noise = None if shape is None else draw_blocks(shape, 0)
    blocks = decode_blocks(network, mel, frames, noise, known)
    return (block.cpu() for block in blocks)


def _exactly(blocks: Iterable[Tensor], samples: int) -> Iterator[Tensor]:
    """The first samples of what comes; zeros follow where it is too short."""
    left = samples
    for block in blocks:
        yield block[:left]
        left -= min(left, len(block))
    if left:
        yield torch.zeros(left)
