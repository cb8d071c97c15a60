"""`wavegan vocode`: audio or mel spectrograms in, the model's audio out."""

import json
import sys
from collections.abc import Iterator, Sequence
from itertools import count
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from wavegan.cli._vocode_inputs import expand
from wavegan.errors import UserError

if TYPE_CHECKING:
    from torch import Tensor

    from wavegan.inference.vocoder import Vocoder

FORMATS = ("wav", "flac", "ogg")
SUBTYPES = {"pcm16": "PCM_16", "pcm24": "PCM_24", "float": "FLOAT"}


def vocode_command(
    inputs: Annotated[
        list[Path],
        typer.Argument(metavar="INPUT...", help="Audio files, .npy/.npz/.pt mels, or folders."),
    ],
    model: Annotated[Path, typer.Option("--model", "-m", help="A run, checkpoint or bundle.")],
    out: Annotated[
        Path, typer.Option("--out", "-o", help="A file for one input, else a folder; - is stdout.")
    ],
    file_format: Annotated[
        str, typer.Option("--format", help="wav, flac or ogg, for files in a folder.")
    ] = "wav",
    subtype: Annotated[str, typer.Option("--subtype", help="pcm16, pcm24 or float.")] = "pcm16",
    picture: Annotated[
        Path | None,
        typer.Option("--picture", help="Also draw input and output spectrograms to this PNG."),
    ] = None,
    device: Annotated[str, typer.Option("--device", help="auto, cpu, cuda or mps.")] = "auto",
    as_json: Annotated[bool, typer.Option("--json", help="One JSON object on stdout.")] = False,
    quiet: Annotated[bool, typer.Option("--quiet", "-q", help="Only errors.")] = False,
) -> None:
    """Turn mel spectrograms into audio, or audio into its copy synthesis.

    [bold]wavegan vocode mel.npy --model runs/my-voice --out out.wav[/bold]

    [bold]wavegan vocode clips/ --model runs/my-voice --out copies/ --format flac[/bold]
    """
    jobs = _jobs(inputs, out, file_format, quiet)
    _refuse(jobs, subtype, picture, as_json and str(out) == "-")
    from wavegan.device import choose
    from wavegan.inference.vocoder import Vocoder

    vocoder = Vocoder.from_pretrained(model, device=choose(device))
    written: list[dict[str, object]] = []
    failed: list[dict[str, str]] = []
    for source, target in jobs:
        try:
            original, made = _vocode(vocoder, source)
        except UserError as error:
            reason = str(error) if str(source) in str(error) else f"{source}: {error}"
            if len(jobs) == 1:
                raise UserError(reason) from None
            failed.append({"input": str(source), "reason": reason})
            typer.echo(f"left out: {reason}", err=True)
            continue
        clipped = _write(target, made, vocoder.sample_rate, SUBTYPES[subtype])
        if clipped and not quiet:
            typer.echo(f"{target}: {clipped} samples clipped; --subtype float keeps them", err=True)
        if picture is not None:
            _draw(picture, original, made, vocoder)
        written.append({"input": str(source), "output": str(target), "clipped": clipped})
        if not quiet and not as_json and str(target) != "-":
            typer.echo(str(target), err=True)
    if as_json:
        summary = {"sample_rate": vocoder.sample_rate, "files": written, "failed": failed}
        typer.echo(json.dumps(summary))
    if failed:
        raise UserError(f"{len(failed)} of {len(jobs)} inputs were left out, as said above")


def _refuse(
    jobs: Sequence[tuple[Path, Path]], subtype: str, picture: Path | None, two_on_stdout: bool
) -> None:
    """Refuse options that do not go together."""
    if subtype not in SUBTYPES:
        raise UserError(f"--subtype {subtype}: give {', '.join(SUBTYPES)}")
    if picture is not None and len(jobs) > 1:
        raise UserError("--picture draws one input: give a single file")
    if two_on_stdout:
        raise UserError("--json and --out - both want stdout: choose one")


def _jobs(
    inputs: Sequence[Path], out: Path, file_format: str, quiet: bool
) -> list[tuple[Path, Path]]:
    """Which file becomes which."""
    from wavegan.audio.mel_file import SUFFIXES

    if file_format not in FORMATS:
        raise UserError(f"--format {file_format}: give {', '.join(FORMATS)}")
    to_folder = len(inputs) > 1 or inputs[0].is_dir()
    if not to_folder:
        target = out / f"{inputs[0].stem}.{file_format}" if out.is_dir() else out
        if str(out) != "-" and target.suffix.lstrip(".").lower() not in FORMATS:
            raise UserError(
                f"--out {out}: end it in .wav, .flac or .ogg, or give a folder that exists"
            )
        _refuse_overwriting([(inputs[0], target)])
        return [(inputs[0], target)]
    if str(out) == "-" or out.is_file():
        raise UserError(f"--out {out}: several inputs need a folder")
    jobs: dict[Path, Path] = {}
    taken: set[Path] = set()
    for source, relative in expand(inputs, SUFFIXES, _silent if quiet else _tell):
        jobs[source] = out / next(n for n in _names(relative, file_format) if n not in taken)
        taken.add(jobs[source].relative_to(out))
    if not jobs:
        raise UserError(f"{inputs[0]}: no audio and no mel files in it")
    _refuse_overwriting(list(jobs.items()))
    return list(jobs.items())


def _tell(text: str) -> None:
    typer.echo(text, err=True)


def _silent(text: str) -> None:
    """Nothing is said."""


def _names(relative: Path, file_format: str) -> Iterator[Path]:
    """What a file may be called in the output folder, the best name first."""
    yield relative.with_suffix(f".{file_format}")
    yield relative.with_name(f"{relative.name}.{file_format}")
    for number in count(2):
        yield relative.with_name(f"{relative.name}.{number}.{file_format}")


def _refuse_overwriting(jobs: Sequence[tuple[Path, Path]]) -> None:
    sources = {source.resolve() for source, _ in jobs}
    for _, target in jobs:
        if target.resolve() in sources:
            raise UserError(f"--out: {target} is an input and would be overwritten; name another")


def _vocode(vocoder: "Vocoder", source: Path) -> "tuple[Tensor | None, Tensor]":
    """The original `(T,)`, where there is one, and what the model makes of it."""
    import torch

    from wavegan.audio import io, mel_file
    from wavegan.inference.revocode import revocode

    if source.suffix.lower() in mel_file.SUFFIXES:
        return None, vocoder(mel_file.read(source, vocoder.n_mels)).cpu()
    audio, _ = io.read(source, sample_rate=vocoder.sample_rate, mono=True)
    original = torch.from_numpy(audio[0])
    if not len(original):
        raise UserError(f"{source}: no samples in it")
    return original, revocode(vocoder, original.to(vocoder.device)).cpu()


def _write(target: Path, made: "Tensor", sample_rate: int, subtype: str) -> int:
    """Write audio; returns how many samples clipped."""
    from wavegan.audio import io, made_by

    audio, tags = made.numpy()[None], made_by.mark("vocode")
    if str(target) == "-":
        out = sys.stdout.buffer
        return io.write(out, audio, sample_rate, subtype=subtype, tags=tags).clipped
    target.parent.mkdir(parents=True, exist_ok=True)
    chosen = "VORBIS" if target.suffix.lower() == ".ogg" else subtype
    return io.write(target, audio, sample_rate, subtype=chosen, tags=tags).clipped


def _draw(picture: Path, original: "Tensor | None", made: "Tensor", vocoder: "Vocoder") -> None:
    from wavegan.inference.picture import draw

    panels = {} if original is None else {"original": original.numpy()}
    draw(picture, {**panels, "vocoded": made.numpy()}, vocoder.sample_rate)
