"""Write one output of `wavegan vocode`, with progress, and draw it."""

import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING

import typer

if TYPE_CHECKING:
    from wavegan.inference.file_vocoding import Made

EVERY = 30.0
"""Seconds between progress lines for a long file."""


def write(
    made: "Made", target: Path, file_format: str, subtype: str, *, quiet: bool = False
) -> int:
    """Write audio; returns the number of clipped samples. `file_format` is for stdout only."""
    from wavegan.inference import file_vocoding

    streamed = str(target) == "-"
    kind = file_format if streamed else target.suffix.lower().lstrip(".")
    return file_vocoding.write(
        made,
        sys.stdout.buffer if streamed else target,
        format=kind,
        subtype="VORBIS" if kind == "ogg" else subtype,
        progress=None if quiet else _printer(made),
    )


def _printer(made: "Made") -> Callable[[int, int], None]:
    printed = time.monotonic()

    def progress(done: int, samples: int) -> None:
        nonlocal printed
        if time.monotonic() - printed > EVERY:
            printed = time.monotonic()
            minutes = [count / made.sample_rate / 60 for count in (done, samples)]
            typer.echo(f"{made.source}: {minutes[0]:.0f} of {minutes[1]:.0f} minutes", err=True)

    return progress


def draw(made: "Made", picture: Path) -> str:
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
