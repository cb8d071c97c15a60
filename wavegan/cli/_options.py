"""Options that several commands have alike, and the values they take."""

from pathlib import Path
from typing import Annotated

import typer

from wavegan.cli import _completion

Device = Annotated[
    str,
    typer.Option("--device", help="auto, cpu, cuda or mps.", autocompletion=_completion.devices),
]
HeldOut = Annotated[
    Path | None,
    typer.Option(
        "--held-out",
        help="Real clips that were not trained on: a folder or a list; default: those in the "
        "judge's held_out.txt.",
    ),
]
Force = Annotated[
    bool, typer.Option("--force", help="Overwrite what is there already (never an input).")
]
TrustCode = Annotated[
    bool,
    typer.Option(
        "--trust-code", help="Let the model or run name classes of its own, and run their code."
    ),
]
FORMATS = ("wav", "flac", "ogg")
SUBTYPES = {"pcm16": "PCM_16", "pcm24": "PCM_24", "float": "FLOAT"}
"""Of audio files, and how libsndfile calls them."""
