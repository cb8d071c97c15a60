"""`wavegan export`: a model as a file that runs without wavegan."""

import json
from pathlib import Path
from typing import Annotated

import typer

from wavegan.cli import _completion
from wavegan.cli._options import Force, TrustCode


def export_command(
    model: Annotated[
        Path,
        typer.Argument(
            metavar="MODEL", help="A run, checkpoint or bundle.", autocompletion=_completion.runs
        ),
    ],
    out: Annotated[
        Path, typer.Option("--out", "-o", help="The file: .onnx, or .pt2 with --format torch.")
    ],
    file_format: Annotated[
        str,
        typer.Option(
            "--format",
            help="onnx, or torch (a program of torch.export).",
            autocompletion=_completion.export_formats,
        ),
    ] = "onnx",
    streaming: Annotated[
        bool,
        typer.Option("--streaming", help="Vocode chunk by chunk, with the context of each chunk."),
    ] = False,
    force: Force = False,
    trust_code: TrustCode = False,
    as_json: Annotated[bool, typer.Option("--json", help="One JSON object on stdout.")] = False,
    quiet: Annotated[bool, typer.Option("--quiet", "-q", help="Only errors.")] = False,
) -> None:
    """Export a model to ONNX or torch.export, and check that it gives the same audio.

    [bold]wavegan export runs/my-voice --out voice.onnx[/bold]

    [bold]wavegan export runs/my-voice --out voice.onnx --streaming[/bold]

    Beside the file lie its front-end and shapes (.json) and a sample of its use (.py). Nothing is
    written if the file gives other audio than the model.
    """
    from wavegan.export import export_model

    made = export_model(
        model, out, format=file_format, streaming=streaming, force=force, trust_code=trust_code
    )
    if as_json:
        compared = {each.text: each.error for each in made.compared}
        files = [str(file) for file in made.files]
        summary = {"files": files, "engine": made.engine, "largest_differences": compared}
        typer.echo(json.dumps(summary))
    elif not quiet:
        typer.echo(
            f"largest difference from the model, in {made.engine}, as a share of its peak:",
            err=True,
        )
        for each in made.compared:
            typer.echo(f"  {each.text}: {each.error:.1e}", err=True)
        typer.echo(f"{model} is now {', '.join(str(file) for file in made.files)}", err=True)
