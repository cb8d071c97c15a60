"""Compute the mel spectrogram of a long wave block by block, in constant memory."""

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
    """The mel of a long wave, bit-identical to `front_end` on the whole wave.

    Args:
        front_end: the front-end.
        blocks: blocks (T',) on the front-end's device.
        samples: T, the total number of samples; more than `mel_spectrogram.LONGEST`.

    Yields:
        Blocks (n_mels, L') with `mel.frames(T)` frames in total.
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
    """The blocks (T',) of a wave with the padding of `stft`; T is above `left` and `right`."""
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
