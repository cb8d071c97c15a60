"""Vocode one input of `wavegan vocode` and write it; long inputs block by block."""

import sys
import time
import warnings
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import typer

from wavegan.errors import UserError

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray
    from torch import Tensor

    from wavegan.inference.long_audio import LongAudio
    from wavegan.inference.vocoder import Vocoder

DRAWN = 1 << 22
"""Samples of a long file that a picture shows."""
EVERY = 30.0
"""Seconds between progress lines for a long file."""


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
    long: "LongAudio | None" = None
    audio: "Tensor | None" = None
    original: "Tensor | None" = None
    is_mel: bool = False


def made(vocoder: "Vocoder", source: Path, note: Callable[[str], None]) -> Made:
    """Vocode an input; a long one is only checked here, and vocoded while it is written.

    Raises:
        UserError: the input cannot be read, or does not fit the model.
    """
    from wavegan.mel import mel_file

    if source.suffix.lower() in mel_file.SUFFIXES:
        return _of_mel(vocoder, source, note)
    return _of_audio(vocoder, source)


def _of_mel(vocoder: "Vocoder", source: Path, note: Callable[[str], None]) -> Made:
    from wavegan.inference import long_audio
    from wavegan.mel import mel_file
    from wavegan.mel.layout import GuessedWarning

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


def _of_audio(vocoder: "Vocoder", source: Path) -> Made:
    import torch

    from wavegan.audio import io
    from wavegan.inference import long_audio
    from wavegan.inference.revocode import revocode

    made = Made(source, vocoder.sample_rate)
    made.long = long_audio.copied(vocoder, source)
    if made.long is None:
        audio, _ = io.read(source, sample_rate=vocoder.sample_rate, mono=True)
        made.original = torch.from_numpy(audio[0])
        if not len(made.original):
            raise UserError("it has no samples", at=source)
        made.audio = revocode(vocoder, made.original.to(vocoder.device)).cpu()
    return made


def write(made: Made, target: Path, file_format: str, subtype: str, *, quiet: bool = False) -> int:
    """Write audio; returns the number of clipped samples. `file_format` is for stdout only."""
    from wavegan.audio import io, made_by
    from wavegan.audio.block_writer import BlockWriter

    tags, rate = made_by.mark("vocode"), made.sample_rate
    streamed = str(target) == "-"
    kind = file_format if streamed else target.suffix.lower().lstrip(".")
    if not streamed:
        target.parent.mkdir(parents=True, exist_ok=True)
    chosen = "VORBIS" if kind == "ogg" else subtype
    out = sys.stdout.buffer if streamed else target
    if made.long is None:
        assert made.audio is not None
        audio = made.audio.numpy()[None]
        return io.write(out, audio, rate, subtype=chosen, format=kind, tags=tags).clipped
    samples = made.long.samples
    with BlockWriter(out, rate, samples, subtype=chosen, format=kind, tags=tags) as writer:
        _write_blocks(made, made.long, writer.write, quiet=quiet)
    return writer.report.clipped


def _write_blocks(
    made: Made, long: "LongAudio", put: Callable[["NDArray[np.float32]"], None], *, quiet: bool
) -> None:
    """Write all blocks, keep the beginning, and print progress from time to time."""
    import torch

    beginning, done, printed = [], 0, time.monotonic()
    for block in long.blocks:
        put(block.numpy())
        if done < DRAWN:
            beginning.append(block[: DRAWN - done].clone())
        done += len(block)
        if not quiet and time.monotonic() - printed > EVERY:
            printed = time.monotonic()
            minutes = [count / made.sample_rate / 60 for count in (done, long.samples)]
            typer.echo(f"{made.source}: {minutes[0]:.0f} of {minutes[1]:.0f} minutes", err=True)
    made.audio = torch.cat(beginning)


def draw(made: Made, picture: Path) -> str:
    """Draw input and output; returns a note about the picture, or ""."""
    from wavegan.audio import io
    from wavegan.audio.spectrogram_figure import side_by_side

    assert made.audio is not None
    panels, note = {}, ""
    if made.original is not None:
        panels["original"] = made.original.numpy()
    elif not made.is_mel:
        count = len(made.audio)
        panels["original"] = io.read(made.source, frames=count, sample_rate=made.sample_rate)[0][0]
    if made.long is not None and made.long.samples > len(made.audio):
        note = f"{picture}: shows the first {len(made.audio) / made.sample_rate:.0f} s"
    side_by_side(picture, {**panels, "vocoded": made.audio.numpy()}, made.sample_rate)
    return note
