"""Options that several commands have alike, and the values they take."""

from typing import Annotated

import typer

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
