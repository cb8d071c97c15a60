"""Vocode one file to another: a mel, or the mel of a recording; long ones block by block."""

import warnings
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO

import torch
from torch import Tensor

from wavegan.audio import io, made_by
from wavegan.audio.block_writer import BlockWriter
from wavegan.errors import UserError
from wavegan.inference import long_audio
from wavegan.inference.base_vocoder import BaseVocoder
from wavegan.inference.long_audio import LongAudio
from wavegan.inference.revocode import revocode
from wavegan.mel import mel_file
from wavegan.mel.layout import GuessedWarning

KEPT = 1 << 22
"""Samples of the beginning of a long output that stay in memory."""

Progress = Callable[[int, int], None]


@dataclass
class Made:
    """A model's output for an input.

    Attributes:
        source: the input.
        sample_rate: Hz.
        long: the blocks of a long output, else None.
        audio: `(T,)`; of a long output only the beginning, once it is written.
        original: `(T,)`, if the input is audio and not long.
        is_mel: the input is a mel.
    """

    source: Path
    sample_rate: int
    long: LongAudio | None = None
    audio: Tensor | None = None
    original: Tensor | None = None
    is_mel: bool = False


def made(vocoder: BaseVocoder, source: Path, note: Callable[[str], None]) -> Made:
    """Vocode an input; a long one is only checked here, and vocoded while it is written.

    Args:
        vocoder: any.
        source: a mel file, or a recording, which is copied through its mel.
        note: called with remarks on the input.

    Raises:
        UserError: the input cannot be read, or does not fit the model.
    """
    if source.suffix.lower() in mel_file.SUFFIXES:
        return _of_mel(vocoder, source, note)
    return _of_audio(vocoder, source)


def write(
    made: Made,
    target: Path | BinaryIO,
    *,
    format: str | None = None,
    subtype: str | None = None,
    progress: Progress | None = None,
) -> int:
    """Write the audio; returns the number of clipped samples.

    Args:
        made: the audio.
        target: a path, whose folder is created, or a binary stream.
        format: see `io.write`.
        subtype: see `io.write`.
        progress: called with (samples done, all) after each block of a long output.
    """
    tags, rate = made_by.mark("vocode"), made.sample_rate
    if isinstance(target, Path):
        target.parent.mkdir(parents=True, exist_ok=True)
    if made.long is None:
        assert made.audio is not None
        audio = made.audio.numpy()[None]
        return io.write(target, audio, rate, subtype=subtype, format=format, tags=tags).clipped
    samples = made.long.samples
    with BlockWriter(target, rate, samples, subtype=subtype, format=format, tags=tags) as writer:
        _write_blocks(made, made.long, writer, progress)
    return writer.report.clipped


def _of_mel(vocoder: BaseVocoder, source: Path, note: Callable[[str], None]) -> Made:
    values, orientation = mel_file.oriented(source, vocoder.n_mels, vocoder.mel_config.layout)
    if orientation.doubt:
        warnings.warn(f"{source}: {orientation.doubt}", RuntimeWarning, stacklevel=2)
    elif orientation.turned:
        note(f"{source}: has shape (frames, n_mels) and is transposed, like all such inputs")
    made = Made(source, vocoder.sample_rate, is_mel=True)
    made.long = long_audio.vocoded(vocoder, source)
    if made.long is None:
        with warnings.catch_warnings():
            # of a square mel the vocoder would warn again, without the file's name
            warnings.simplefilter("ignore", GuessedWarning)
            made.audio = vocoder(values.astype("float32", order="C")).cpu()
    return made


def _of_audio(vocoder: BaseVocoder, source: Path) -> Made:
    made = Made(source, vocoder.sample_rate)
    made.long = long_audio.copied(vocoder, source)
    if made.long is None:
        audio, _ = io.read(source, sample_rate=vocoder.sample_rate, mono=True)
        made.original = torch.from_numpy(audio[0])
        if not len(made.original):
            raise UserError("it has no samples", at=source)
        made.audio = revocode(vocoder, made.original.to(vocoder.device)).cpu()
    return made


def _write_blocks(
    made: Made, long: LongAudio, writer: BlockWriter, progress: Progress | None
) -> None:
    """Write all blocks and keep the beginning."""
    beginning, done = [], 0
    for block in long.blocks:
        writer.write(block.numpy())
        if done < KEPT:
            beginning.append(block[: KEPT - done].clone())
        done += len(block)
        if progress is not None:
            progress(done, long.samples)
    made.audio = torch.cat(beginning)
