"""`wavegan vocode`: vocode mel spectrograms, or copy-synthesize audio."""

import json
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Annotated

import typer

from wavegan.cli import _completion, _vocode_jobs, _vocode_one
from wavegan.cli._options import SUBTYPES, Device, Force, Precision, TrustCode
from wavegan.cli._vocode_jobs import Job
from wavegan.counted import counted
from wavegan.errors import UserError
from wavegan.targets import check_files


def vocode_command(
    inputs: Annotated[
        list[Path],
        typer.Argument(metavar="INPUT...", help="Audio files, .npy/.npz/.pt mels, or folders."),
    ],
    model: Annotated[
        Path,
        typer.Option(
            "--model", "-m", help="A run, checkpoint or bundle.", autocompletion=_completion.runs
        ),
    ],
    out: Annotated[
        Path,
        typer.Option(
            "--out", "-o", help="A file (one input) or a folder (no extension); - is stdout."
        ),
    ],
    file_format: Annotated[
        str, typer.Option("--format", help="wav, flac or ogg, for a folder or stdout.")
    ] = "wav",
    subtype: Annotated[str, typer.Option("--subtype", help="pcm16, pcm24 or float.")] = "pcm16",
    picture: Annotated[
        Path | None,
        typer.Option("--picture", help="Also draw spectrograms of input and output to this PNG."),
    ] = None,
    force: Force = False,
    device: Device = "auto",
    precision: Precision = "auto",
    trust_code: TrustCode = False,
    as_json: Annotated[bool, typer.Option("--json", help="One JSON object on stdout.")] = False,
    quiet: Annotated[bool, typer.Option("--quiet", "-q", help="Only errors.")] = False,
) -> None:
    """Turn mel spectrograms into audio, or audio into copy synthesis.

    [bold]wavegan vocode mel.npy --model runs/my-voice --out out.wav[/bold]

    [bold]wavegan vocode clips/ --model runs/my-voice --out copies/ --format flac[/bold]
    """
    jobs = _vocode_jobs.jobs(
        inputs,
        out,
        file_format,
        force=force,
        note=lambda text: None if quiet else typer.echo(text, err=True),
    )
    _refuse(jobs, subtype, picture, as_json and str(out) == "-", force)
    from wavegan.device import choose
    from wavegan.inference import file_vocoding
    from wavegan.inference.engine.precision import checked
    from wavegan.inference.vocoder import Vocoder

    vocoder = Vocoder.from_pretrained(
        model, device=choose(device), precision=checked(precision), trust_code=trust_code
    )
    written: list[dict[str, object]] = []
    failed: list[dict[str, str]] = []
    note = _once(quiet)
    for source, target in jobs:
        try:
            made = file_vocoding.made(vocoder, source, note)
        except UserError as error:
            reason = str(error) if error.at else f"{source}: {error}"
            if len(jobs) == 1:
                raise UserError(reason) from None
            failed.append({"input": str(source), "reason": reason})
            typer.echo(f"left out: {reason}", err=True)
            continue
        clipped = _vocode_one.write(made, target, file_format, SUBTYPES[subtype], quiet=quiet)
        if clipped and not quiet:
            typer.echo(
                f"{target}: {counted(clipped, 'sample')} clipped; --subtype float keeps them",
                err=True,
            )
        drawn = "" if picture is None else _vocode_one.draw(made, picture)
        if drawn and not quiet:
            typer.echo(drawn, err=True)
        written.append({"input": str(source), "output": str(target), "clipped": clipped})
        if not quiet and not as_json and str(target) != "-":
            typer.echo(str(target), err=True)
    if as_json:
        summary = {"sample_rate": vocoder.sample_rate, "files": written, "failed": failed}
        typer.echo(json.dumps(summary))
    if failed:
        raise UserError(f"{len(failed)} of {counted(len(jobs), 'input')} left out, see above")


def _refuse(
    jobs: Sequence[Job], subtype: str, picture: Path | None, two_on_stdout: bool, force: bool
) -> None:
    """Refuse options that exclude each other, and a picture that cannot be drawn."""
    if subtype not in SUBTYPES:
        raise UserError(f"--subtype {subtype}: give {', '.join(SUBTYPES)}")
    if two_on_stdout:
        raise UserError("--json and --out - both write to stdout: leave out one of them")
    if picture is None:
        return
    if len(jobs) > 1:
        raise UserError("--picture draws one input: give a single file")
    check_files([picture], inputs=[jobs[0][0]], other="another --picture", force=force)
    from wavegan.audio.spectrogram_figure import check

    check(picture)


def _once(quiet: bool) -> Callable[[str], None]:
    """A function that prints only the first note it gets."""
    notes: list[str] = []

    def note(text: str) -> None:
        if not notes and not quiet:
            typer.echo(text, err=True)
        notes.append(text)

    return note
