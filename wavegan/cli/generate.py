"""`wavegan generate`: sounds from a trained model, written to files."""

import json
import secrets
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from wavegan.cli import _completion, sounds
from wavegan.cli._draws import GenerationOptions
from wavegan.cli._generate_checks import (
    SPREAD,
    STEPS,
    refuse_full_disk,
    refuse_length,
    refuse_numbers,
    refuse_without_like,
)
from wavegan.cli._options import FORMATS, SUBTYPES, Device, Force, Precision, TrustCode
from wavegan.cli._origin import origin
from wavegan.cli._peak import Peak
from wavegan.cli._sound_files import SoundFiles
from wavegan.errors import UserError
from wavegan.targets import check_files, check_folder_name

if TYPE_CHECKING:
    from torch import Tensor

GRID = "grid.png"
WIDE, DRAWN = 8, 128
"""Clips per row of the contact sheet, and in total."""

Model = Annotated[
    Path,
    typer.Option(
        "--model", "-m", help="A run, checkpoint or bundle.", autocompletion=_completion.runs
    ),
]
Out = Annotated[Path, typer.Option("--out", "-o", help="A folder.")]
Count = Annotated[int, typer.Option("--count", "-n", help="How many clips.")]
Label = Annotated[
    str | None,
    typer.Option(
        "--label",
        help="What to generate; default: all labels in rotation.",
        autocompletion=_completion.labels,
    ),
]
Seed = Annotated[
    int | None, typer.Option("--seed", min=0, help="The same seed makes the same clips.")
]
Truncation = Annotated[
    float, typer.Option("--truncation", help="0 to 1: lower gives less variety, fewer failures.")
]
Seconds = Annotated[float | None, typer.Option("--seconds", help="Length; default: the model's.")]
Loop = Annotated[bool, typer.Option("--loop", help="Clips that repeat without a seam.")]
Interpolate = Annotated[
    str | None,
    typer.Option(
        "--interpolate", metavar="A:B", help="From seed A to seed B (7_3 is clip 3 of seed 7)."
    ),
]
Like = Annotated[Path | None, typer.Option("--like", metavar="FILE", help="Vary this sound.")]
Spread = Annotated[
    float | None,
    typer.Option("--spread", help="0 to 1: distance from --like.", show_default=f"{SPREAD}"),
]
Steps = Annotated[
    int | None,
    typer.Option("--steps", help="Search steps for --like.", show_default=f"{STEPS}"),
]
BatchSize = Annotated[int, typer.Option("--batch-size", help="Clips in memory at a time.")]
PeakOption = Annotated[
    str | None,
    typer.Option(
        "--peak",
        metavar="LEVEL",
        help="Scale every clip to this peak: 0.9, -1dB, or none for no scaling. Default: only "
        "clips above full scale are scaled, to -1 dBFS; none for float.",
    ),
]
Format = Annotated[str, typer.Option("--format", help="wav, flac or ogg.")]
Subtype = Annotated[str, typer.Option("--subtype", help="pcm16, pcm24 or float.")]
Grid = Annotated[bool, typer.Option("--grid", help=f"Also draw spectrograms to {GRID}.")]
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
    spread: Spread = None,
    steps: Steps = None,
    batch_size: BatchSize = 16,
    peak: PeakOption = None,
    file_format: Format = "wav",
    subtype: Subtype = "pcm16",
    grid: Grid = False,
    force: Force = False,
    device: Device = "auto",
    precision: Precision = "auto",
    trust_code: TrustCode = False,
    as_json: AsJson = False,
    quiet: Quiet = False,
) -> None:
    """Generate sounds with a trained model.

    [bold]wavegan generate --model runs/my-drums --count 16 --out sounds/[/bold]

    [bold]wavegan generate -m runs/my-drums -o loops/ --label pad --seconds 8 --loop[/bold]

    Silent clips, and loops of sounds that die away, are drawn again.

    Exit code: 0 all clips are written, 1 some or all are unusable and missing,
    2 a mistake in the arguments.
    """
    check_folder_name(out)
    _refuse(file_format, subtype, like, interpolate, grid)
    given = {"spread": spread, "steps": steps}
    spread, steps = SPREAD if spread is None else spread, STEPS if steps is None else steps
    refuse_numbers(
        count=count, truncation=truncation, spread=spread, steps=steps, batch_size=batch_size
    )
    refuse_without_like(like, given)
    level = Peak.of(peak, subtype)
    from wavegan.device import choose
    from wavegan.inference.engine.precision import checked
    from wavegan.inference.synthesizer import Synthesizer

    _leave_warnings_to_the_tally()
    synthesizer = Synthesizer.from_pretrained(
        model, device=choose(device), precision=checked(precision), trust_code=trust_code
    )
    options = GenerationOptions(label, seconds, truncation, loop, batch_size, leveled=level.always)
    refuse_length(synthesizer, count, options, whole=interpolate is not None)
    refuse_full_disk(synthesizer, count, options, out, file_format, subtype)
    chosen = secrets.randbits(32) if seed is None else seed
    if interpolate is not None:
        plan = sounds.between(synthesizer, interpolate, count, options, seed)
    elif like is not None:
        # checked before the search, which is slow
        names = sounds.possible_names(synthesizer, like, count, chosen, options)
        _check([out / f"{name}.{file_format}" for name in names], like, force)
        plan = sounds.varied(synthesizer, like, spread, steps, count, chosen, options)
    else:
        plan = sounds.drawn(synthesizer, count, chosen, options)
    files = [out / f"{name}.{file_format}" for name in plan.names]
    _check([*files, *([out / GRID] if grid else [])], like, force)
    made = {**origin(model), **plan.made, **options.facts()}
    writer = SoundFiles(synthesizer, SUBTYPES[subtype], level, made)
    shown = _write(plan, files, writer, quiet=quiet, as_json=as_json)
    if grid and shown:
        _draw(out / GRID, shown, synthesizer.sample_rate)
    for line in () if quiet else writer.tally.lines():
        typer.echo(line, err=True)
    if as_json and shown:
        typer.echo(json.dumps(_summary(plan, writer, out / GRID if grid else None)))
    writer.tally.check(loop=loop, leveled=level.always)


def _refuse(
    file_format: str, subtype: str, like: Path | None, interpolate: str | None, grid: bool
) -> None:
    """Refuse options that exclude each other, and --grid without its packages."""
    if file_format not in FORMATS or subtype not in SUBTYPES:
        raise UserError(
            f"--format {file_format}, --subtype {subtype}: "
            f"give {', '.join(FORMATS)} and {', '.join(SUBTYPES)}"
        )
    if file_format == "flac" and subtype == "float":
        raise UserError("--format flac --subtype float: FLAC has no float format: give pcm24")
    if file_format == "ogg" and subtype != "pcm16":
        raise UserError(
            f"--format ogg --subtype {subtype}: OGG has no such formats: leave out --subtype"
        )
    if like is not None and interpolate is not None:
        raise UserError("--like and --interpolate: give one of them")
    if grid:
        from wavegan.audio.spectrogram_figure import check

        check(Path(GRID))


def _check(targets: Sequence[Path], like: Path | None, force: bool) -> None:
    other = "another --seed or another --out"
    check_files(targets, inputs=[like] if like else [], other=other, force=force)


def _leave_warnings_to_the_tally() -> None:
    """Silence warnings about unusable clips: these are drawn again and reported at the end."""
    import warnings

    from wavegan.inference.usable import UnusableWarning

    warnings.simplefilter("ignore", UnusableWarning)


def _write(
    plan: "sounds.ClipSeries",
    files: Sequence[Path],
    writer: SoundFiles,
    *,
    quiet: bool,
    as_json: bool,
) -> "list[tuple[str, Tensor]]":
    """Write all clips; returns the first `DRAWN` of them, each with its label."""
    shown: list[tuple[str, Tensor]] = []
    for number, (file, label, clip) in enumerate(zip(files, plan.labels, plan.clips, strict=True)):
        wave = writer.write(file, label, number, clip)
        if wave is None:
            continue
        if not quiet and not shown:
            facts = [f"{fact} {value}" for fact, value in plan.facts.items()]
            typer.echo("\n".join([*facts, *plan.notes]), err=True)
        if len(shown) < DRAWN:
            shown.append((label, wave))
        if not quiet and not as_json:
            typer.echo(str(file), err=True)
    return shown


def _summary(plan: "sounds.ClipSeries", writer: SoundFiles, grid: Path | None) -> dict[str, object]:
    """For `--json`."""
    summary: dict[str, object] = {
        "sample_rate": writer.synthesizer.sample_rate,
        **plan.facts,
        "files": writer.entries,
    }
    if plan.notes:
        summary["notes"] = list(plan.notes)
    if writer.tally.left_out:
        summary["left_out"] = writer.tally.left_out
    return summary if grid is None else {**summary, "grid": str(grid)}


def _draw(picture: Path, shown: "Sequence[tuple[str, Tensor]]", sample_rate: int) -> None:
    """Draw a contact sheet, with separate rows for each label."""
    from wavegan.audio.spectrogram_figure import sheet

    titles = list(dict.fromkeys(title for title, _ in shown))
    columns = min(WIDE, max(sum(title == other for other, _ in shown) for title in titles))
    cells: list[tuple[str, Tensor | None]] = []
    for title in titles:
        cells += [cell for cell in shown if cell[0] == title]
        cells += [("", None)] * (-len(cells) % columns)
    sheet(picture, cells, sample_rate, columns)
