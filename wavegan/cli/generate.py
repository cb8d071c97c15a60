"""`wavegan generate`: sounds from a trained model, into files."""

import json
import secrets
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from wavegan.cli import sounds
from wavegan.cli._options import FORMATS, SUBTYPES, Force
from wavegan.errors import UserError
from wavegan.targets import check_files, check_folder_name

if TYPE_CHECKING:
    from torch import Tensor

GRID = "grid.png"
WIDE, DRAWN = 8, 128
"""Clips in a row of the contact sheet, and in all of it."""

Model = Annotated[Path, typer.Option("--model", "-m", help="A run, checkpoint or bundle.")]
Out = Annotated[Path, typer.Option("--out", "-o", help="A folder.")]
Count = Annotated[int, typer.Option("--count", "-n", min=1, help="How many clips.")]
Label = Annotated[
    str | None, typer.Option("--label", help="What to make; all labels in turn without it.")
]
Seed = Annotated[
    int | None, typer.Option("--seed", min=0, help="The same seed makes the same clips.")
]
Truncation = Annotated[
    float, typer.Option("--truncation", help="0 to 1: below 1 less variety, fewer failures.")
]
Seconds = Annotated[
    float | None, typer.Option("--seconds", help="Length; the model's own without it.")
]
Loop = Annotated[bool, typer.Option("--loop", help="Clips that repeat without a seam.")]
Interpolate = Annotated[
    str | None,
    typer.Option(
        "--interpolate", metavar="A:B", help="On the way from seed A to seed B (7_3: its clip 3)."
    ),
]
Like = Annotated[Path | None, typer.Option("--like", metavar="FILE", help="Vary a sound.")]
Spread = Annotated[float, typer.Option("--spread", help="0 to 1: how far from it to go.")]
Steps = Annotated[int, typer.Option("--steps", min=0, help="Of the search for that sound.")]
BatchSize = Annotated[
    int, typer.Option("--batch-size", min=1, help="Clips held before they are written.")
]
Format = Annotated[str, typer.Option("--format", help="wav, flac or ogg.")]
Subtype = Annotated[str, typer.Option("--subtype", help="pcm16, pcm24 or float.")]
Grid = Annotated[bool, typer.Option("--grid", help=f"Also draw spectrograms to {GRID}.")]
Device = Annotated[str, typer.Option("--device", help="auto, cpu, cuda or mps.")]
AsJson = Annotated[bool, typer.Option("--json", help="One JSON object on stdout.")]
Quiet = Annotated[bool, typer.Option("--quiet", "-q", help="Only errors.")]


def generate_command(
    model: Model,
    out: Out,
    count: Count = 8,
    label: Label = None,
    seed: Seed = None,
    truncation: Truncation = 1.0,
    seconds: Seconds = None,
    loop: Loop = False,
    interpolate: Interpolate = None,
    like: Like = None,
    spread: Spread = 0.3,
    steps: Steps = 200,
    batch_size: BatchSize = 16,
    file_format: Format = "wav",
    subtype: Subtype = "pcm16",
    grid: Grid = False,
    force: Force = False,
    device: Device = "auto",
    as_json: AsJson = False,
    quiet: Quiet = False,
) -> None:
    """Make sounds with a trained model.

    [bold]wavegan generate --model runs/my-drums --count 16 --out sounds/[/bold]

    [bold]wavegan generate -m runs/my-drums -o loops/ --label pad --seconds 8 --loop[/bold]
    """
    check_folder_name(out)
    _refuse(file_format, subtype, like, interpolate, grid)
    from wavegan.device import choose
    from wavegan.inference.synthesizer import Synthesizer

    synthesizer = Synthesizer.from_pretrained(model, device=choose(device))
    manner = sounds.Manner(label, seconds, truncation, loop, batch_size)
    chosen = secrets.randbits(32) if seed is None else seed
    if interpolate is not None:
        plan = sounds.between(synthesizer, interpolate, count, manner)
    elif like is not None:
        # before the search, which takes its time
        names = sounds.may_be_called(synthesizer, like, count, chosen, manner)
        _check([out / f"{name}.{file_format}" for name in names], like, force)
        plan = sounds.varied(synthesizer, like, spread, steps, count, chosen, manner)
    else:
        plan = sounds.drawn(synthesizer, count, chosen, manner)
    files = [out / f"{name}.{file_format}" for name in plan.names]
    targets = [*files, *([out / GRID] if grid else [])]
    _check(targets, like, force)
    if not quiet:
        typer.echo("\n".join(f"{fact} {value}" for fact, value in plan.facts.items()), err=True)
    shown: list[tuple[str, Tensor]] = []
    for file, title, wave in zip(files, plan.labels, plan.clips, strict=True):
        _write(file, wave, synthesizer.sample_rate, SUBTYPES[subtype])
        if grid and len(shown) < DRAWN:
            shown.append((title, wave))
        if not quiet and not as_json:
            typer.echo(str(file), err=True)
    if grid:
        _draw(out / GRID, shown, synthesizer.sample_rate)
    if as_json:
        clips = [
            {"output": str(file), "label": title}
            for file, title in zip(files, plan.labels, strict=True)
        ]
        summary = {"sample_rate": synthesizer.sample_rate, **plan.facts, "files": clips}
        typer.echo(json.dumps(summary | ({"grid": str(out / GRID)} if grid else {})))


def _refuse(
    file_format: str, subtype: str, like: Path | None, interpolate: str | None, grid: bool
) -> None:
    """Refuse options that do not go together, and what is not installed."""
    if file_format not in FORMATS or subtype not in SUBTYPES:
        raise UserError(
            f"--format {file_format}, --subtype {subtype}: "
            f"give {', '.join(FORMATS)} and {', '.join(SUBTYPES)}"
        )
    if file_format == "flac" and subtype == "float":
        raise UserError("--format flac --subtype float: FLAC holds integers: give pcm24")
    if like is not None and interpolate is not None:
        raise UserError("--like and --interpolate: give one of them")
    if grid:
        from wavegan.audio.sheet import check_installed

        check_installed()


def _check(targets: Sequence[Path], like: Path | None, force: bool) -> None:
    other = "another --seed or another --out"
    check_files(targets, inputs=[like] if like else [], other=other, force=force)


def _write(file: Path, wave: "Tensor", sample_rate: int, subtype: str) -> None:
    from wavegan.audio import io

    file.parent.mkdir(parents=True, exist_ok=True)
    chosen = "VORBIS" if file.suffix == ".ogg" else subtype
    io.write(file, wave.numpy(), sample_rate, subtype=chosen)


def _draw(picture: Path, shown: "Sequence[tuple[str, Tensor]]", sample_rate: int) -> None:
    """A contact sheet: where there are several labels, each has rows of its own."""
    from wavegan.audio.sheet import sheet

    titles = list(dict.fromkeys(title for title, _ in shown))
    columns = min(WIDE, max(sum(title == other for other, _ in shown) for title in titles))
    cells: list[tuple[str, Tensor | None]] = []
    for title in titles:
        cells += [cell for cell in shown if cell[0] == title]
        cells += [("", None)] * (-len(cells) % columns)
    sheet(picture, cells, sample_rate, columns)
