"""`wavegan doctor mel`: which front-end made a mel spectrogram."""

import json
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from wavegan.cli import _completion
from wavegan.errors import UserError

if TYPE_CHECKING:
    from torch import Tensor

    from wavegan.diagnosis.mel_doctor import FrontEndDiagnosis
    from wavegan.mel.front_end import Mel

SHOWN = 6


def mel_command(
    file: Annotated[
        Path, typer.Argument(metavar="MEL", help="A .npy, .npz or .pt file with one mel.")
    ],
    wav: Annotated[
        Path, typer.Option("--wav", "-w", help="The whole audio that the mel was made from.")
    ],
    model: Annotated[
        Path | None,
        typer.Option(
            "--model",
            "-m",
            help="Also say whether it fits this model.",
            autocompletion=_completion.runs,
        ),
    ] = None,
    as_json: Annotated[bool, typer.Option("--json", help="One JSON object on stdout.")] = False,
) -> None:
    """Identify the front-end that made a mel spectrogram.

    [bold]wavegan doctor mel mel.npy --wav clip.wav[/bold]

    [bold]wavegan doctor mel mel.npy --wav clip.wav --model runs/my-voice[/bold]

    Exit code 0 if a preset matches (with --model: if the model's front-end
    does), else 1. Differences are in natural logarithms.
    """
    from wavegan.audio import io
    from wavegan.diagnosis import mel_doctor
    from wavegan.mel import mel_file

    mel = mel_file.load_raw(file)
    if not bool(mel.isfinite().all()):
        raise UserError(f"{file}: it has values that are not finite: make the mel again")
    own = None if model is None else _front_end(model)
    audio, rate = io.read(wav, mono=True)
    if not audio.shape[-1]:
        raise UserError(f"{wav}: it has no samples: give the audio that the mel was made from")
    found = mel_doctor.diagnose(mel, audio[0], rate)
    fit = None if own is None else mel_doctor.fit(mel, audio[0], rate, own, found)
    looks = None if own is None or fit is None or fit.fits else _looks(mel, own)
    if as_json:
        extra = {}
        if fit is not None:
            facts = {"fits": fit.fits, "verdict": fit.headline, "obstacles": fit.obstacles}
            extra = {"model": {**facts, "looks": looks}}
        typer.echo(json.dumps({"file": str(file), "wav": str(wav), **found.to_dict(), **extra}))
    else:
        typer.echo(found.headline)
        if fit is not None:
            typer.echo(fit.headline)
        if looks is not None:
            typer.echo(looks)
        _table(found)
    fine = fit.fits if fit is not None else found.kind in ("match", "close")
    raise typer.Exit(0 if fine else 1)


def _looks(mel: "Tensor", own: "Mel") -> str | None:
    """The warning that `vocode` would give about the values, in either orientation."""
    from wavegan.mel.value_range import suspicious

    return suspicious(mel if mel.shape[0] == own.n_mels else mel.T, own)


def _front_end(model: Path) -> "Mel":
    from wavegan import bundle

    mel = bundle.read(model).config.mel
    if mel is None:
        raise UserError(f"{model}: this model takes no mel: give a vocoder")
    return mel


def _table(found: "FrontEndDiagnosis") -> None:
    """Print the nearest presets."""
    if not found.nearest:
        return
    from rich.table import Table

    from wavegan.cli._screen import Screen

    table = Table("preset", "frames", "max difference", "mean difference", box=None)
    for trial in found.nearest[:SHOWN]:
        given, made = trial.frames
        frames = str(given) if given == made else f"{given} for {made}"
        more = [*trial.changes, *(["statistics"] if trial.statistics else [])]
        name = f"{trial.preset} with other {', '.join(more)}" if more else trial.preset
        table.add_row(name, frames, f"{trial.worst:.2g}", f"{trial.mean:.2g}")
    Screen().print(table)
