"""`wavegan convert`: another project's weights in, a bundle out."""

import json
from pathlib import Path
from typing import Annotated

import typer

from wavegan.cli._options import Force, TrustCode


def convert_command(
    source: Annotated[
        Path,
        typer.Argument(metavar="SRC", help="Weights of another project, or a run or checkpoint."),
    ],
    target: Annotated[Path, typer.Argument(metavar="DST", help="Folder for the new bundle.")],
    force: Force = False,
    trust_code: TrustCode = False,
    as_json: Annotated[bool, typer.Option("--json", help="One JSON object on stdout.")] = False,
    quiet: Annotated[bool, typer.Option("--quiet", "-q", help="Only errors.")] = False,
) -> None:
    """Convert another project's weights to a bundle with the same output.

    [bold]wavegan convert LJ_V1/generator_v1 models/lj-v1[/bold]

    [bold]wavegan convert melgan-neurips/logs/baseline models/melgan --json[/bold]

    The other commands also read such weights directly. A bundle is a single
    folder without pickles, and keeps the discriminators for fine-tuning.
    """
    from wavegan.convert import convert

    model = convert(source, target, force=force, trust_code=trust_code)
    name, mel = model.config.generator["name"], model.config.mel
    discriminators = sorted(model.discriminators)
    if as_json:
        summary = {
            "source": str(model.source),
            "bundle": str(target),
            "generator": name,
            "sample_rate": model.config.sample_rate,
            "n_mels": mel.n_mels if mel else None,
            "discriminators": discriminators,
        }
        typer.echo(json.dumps(summary))
    elif not quiet:
        came_with = f" with {', '.join(discriminators)}" if discriminators else ""
        bands = f", {mel.n_mels} mels" if mel else ""
        what = f"{name}, {model.config.sample_rate} Hz{bands}{came_with}"
        typer.echo(f"{model.source} ({what}) is now {target}", err=True)
