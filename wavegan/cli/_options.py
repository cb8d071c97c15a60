"""Options that several commands share, and their values."""

from pathlib import Path
from typing import Annotated

import typer

from wavegan.cli import _completion

Device = Annotated[
    str,
    typer.Option("--device", help="auto, cpu, cuda or mps.", autocompletion=_completion.devices),
]
Precision = Annotated[
    str,
    typer.Option(
        "--precision",
        help="auto, float32, bfloat16 or float16; auto is bfloat16 where a vocoder sounds the same "
        "in it and is faster.",
        autocompletion=_completion.precisions,
    ),
]
HeldOut = Annotated[
    Path | None,
    typer.Option(
        "--held-out",
        help="Real clips that were not trained on: a folder or a list; default: those in the "
        "judge's held_out.txt.",
    ),
]
Force = Annotated[bool, typer.Option("--force", help="Overwrite existing files (never an input).")]
TrustCode = Annotated[
    bool,
    typer.Option(
        "--trust-code", help="Import and run classes from outside wavegan that the model names."
    ),
]
FORMATS = ("wav", "flac", "ogg")
SUBTYPES = {"pcm16": "PCM_16", "pcm24": "PCM_24", "float": "FLOAT"}
"""Our names of sample formats, and libsndfile's."""
