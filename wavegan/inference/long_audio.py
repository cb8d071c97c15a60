"""Vocode hours of audio or mels in constant memory.

Everything is done in blocks: reading, mixing, resampling, framing, decoding. A file is read twice:
once to find its peak, for normalisation, and its errors, and once to vocode it.
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
from wavegan.inference.base_vocoder import BaseVocoder
from wavegan.inference.given import samples as checked
from wavegan.inference.noise import draw_blocks
from wavegan.inference.pieces import decode_blocks, most_frames
from wavegan.inference.revocode import check_rates, silence_after
from wavegan.inference.whole import longest
from wavegan.mel import mel_file, spectrogram
from wavegan.mel.blocks import mel_blocks
from wavegan.memory_limit import memory_remedy

MOST_NOISE = 400_000_000
"""Bytes of noise with several channels, which is drawn as a whole."""
SEEN, APART = 160, 4
"""Frames of a mel whose range is checked, and in how many places."""


class LongAudio(NamedTuple):
    """Audio that is made block by block.

    Attributes:
        samples: total number of samples.
        blocks: `(T',)` each, on the CPU.
    """

    samples: int
    blocks: Iterator[Tensor]


def copied(vocoder: BaseVocoder, file: Path) -> LongAudio | None:
    """Copy synthesis of a recording, as by `revocode`; None if it is not decoded in blocks.

    Args:
        vocoder: any.
        file: audio.

    Raises:
        UserError: what `revocode` and `io.read` refuse, before any work; too long for a network
            that has to decode the whole mel.
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


def vocoded(vocoder: BaseVocoder, file: Path) -> LongAudio | None:
    """The vocoder's audio for a mel file; None if it is not decoded in blocks.

    Raises:
        UserError: values that are not finite, and what `mel_file` refuses; too long for a network
            that has to decode the whole mel.
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


def _in_blocks(vocoder: BaseVocoder, file: Path, samples: int) -> bool:
    """Whether to decode this many samples in blocks; refuse what fits neither way."""
    network, hop = vocoder.generator, vocoder.hop_length
    if samples <= most_frames(network, vocoder.device) * hop:
        return False
    if vocoder.reach is not None:
        return samples > spectrogram.LONGEST
    most = longest(network, vocoder.n_mels) * hop
    if samples > most:
        rate = vocoder.sample_rate
        raise UserError(
            f"{samples / rate:,.0f} s are too long for this network, which decodes the whole mel "
            f"and has memory for {most / rate:,.0f} s: {memory_remedy()}",
            at=shown(file),
        )
    return False


def _surveyed(file: Path, rate: int) -> tuple[int, float]:
    """Number of samples of a recording and its peak, NaN if any sample is NaN."""
    count, peak = 0, np.float32(0)
    for block in io.mono_blocks(file, rate):
        count += len(block)
        peak = np.maximum(peak, np.abs(block).max(initial=0))
    return count, float(peak)


def _decoded(
    vocoder: BaseVocoder, mel: Iterable[Tensor], frames: int, file: Path
) -> Iterator[Tensor]:
    network = vocoder.generator
    shape, known = network.noise_shape(frames), vocoder.reach
    assert known is not None
    if shape is not None and shape[0] > 1 and 4 * shape[0] * shape[1] > MOST_NOISE:
        raise UserError(
            f"{frames:,} frames are too many for this network's noise: cut the file into parts",
            at=shown(file),
        )
    noise = None if shape is None else draw_blocks(shape, 0)
    blocks = decode_blocks(vocoder.engine, mel, frames, noise, known)
    return (block.cpu() for block in blocks)


def _exactly(blocks: Iterable[Tensor], samples: int) -> Iterator[Tensor]:
    """Cut the blocks to a number of samples, or add zeros at the end."""
    left = samples
    for block in blocks:
        yield block[:left]
        left -= min(left, len(block))
    if left:
        yield torch.zeros(left)
