"""Mel spectrograms of waves that come block by block, in memory that does not grow."""

from collections.abc import Iterable, Iterator

import torch
from torch import Tensor

from wavegan.audio.framing import PadMode
from wavegan.audio.stft import margins
from wavegan.audio.window import Window
from wavegan.mel import spectrogram
from wavegan.mel.spectrogram import MelSpectrogram


def mel_blocks(
    front_end: MelSpectrogram, blocks: Iterable[Tensor], samples: int
) -> Iterator[Tensor]:
    """The mel of a long wave: the values of `front_end` of the whole, bit for bit.

    Args:
        front_end: what makes it.
        blocks: (T',) each, on the front-end's device.
        samples: T, of all blocks together; longer than `mel_spectrogram.LONGEST`.

    Yields:
        (n_mels, L') each, `mel.frames(T)` frames together.
    """
    mel, frames = front_end.mel, front_end.mel.frames(samples)
    left, right = margins(mel.n_fft, mel.hop_length, mel.padding)
    wave = Window(padded(blocks, left, right, mel.pad_mode))
    most = max(spectrogram.LONGEST // mel.n_fft, 1)
    for first in range(0, frames, most):
        last = min(first + most, frames)
        part = wave.between(first * mel.hop_length, (last - 1) * mel.hop_length + mel.n_fft)
        yield front_end.block(part[None], ends=last == frames)[0]


def padded(blocks: Iterable[Tensor], left: int, right: int, mode: PadMode) -> Iterator[Tensor]:
    """A wave's blocks (T',) with what `stft` pads before and after it; T above either."""
    begun: Tensor | None = None
    end = torch.zeros(0)
    for block in blocks:
        end = torch.cat([end.to(block), block])
        if begun is None:
            if len(end) <= left:
                continue
            begun = end
            yield end[1 : left + 1].flip(0) if mode == "reflect" else end.new_zeros(left)
            yield end
        else:
            yield block
        end = end[max(len(end) - right - 1, 0) :]
    yield end[:-1].flip(0)[:right] if mode == "reflect" else end.new_zeros(right)
