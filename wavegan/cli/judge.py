"""`wavegan judge`: train a classifier of real clips, and score sets of generated clips by it."""

import json
import math
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from wavegan.cli._evaluate_inputs import names
from wavegan.cli._options import Device, Force, HeldOut
from wavegan.counted import counted
from wavegan.errors import UserError

if TYPE_CHECKING:
    from wavegan.evaluation.judge_result import ScoreOverParts, SetScore, SetScores

WIDE = 160
"""Columns of the table where there is no terminal."""

judge_app = typer.Typer(
    no_args_is_help=True,
    rich_markup_mode="rich",
    context_settings={"help_option_names": ["-h", "--help"]},
    help="Score sets of generated clips by a judge: a classifier of the real ones.\n\n"
    "[bold]wavegan judge train drums/ --out judges/drums[/bold]\n\n"
    "[bold]wavegan judge score judges/drums made/ --real drums/[/bold]",
)

_JSON = typer.Option("--json", help="One JSON object on stdout.")
_QUIET = typer.Option("--quiet", "-q", help="Only errors.")


@judge_app.callback()
def judge() -> None:
    """Score sets of generated clips by a judge: a classifier of the real ones."""


@judge_app.command("train")
def train_command(
    folder: Annotated[
        Path, typer.Argument(metavar="FOLDER", help="Real clips, in a folder for each label.")
    ],
    out: Annotated[Path, typer.Option("--out", help="Folder for the judge.")],
    seconds: Annotated[
        float | None,
        typer.Option(
            "--seconds", help="How much of a clip the judge receives; default: all of most clips."
        ),
    ] = None,
    validation: Annotated[
        str, typer.Option("--validation", help="Held out: a share, a number, or a list file.")
    ] = "0.1",
    steps: Annotated[int, typer.Option("--steps", help="Training steps of 64 clips.")] = 1000,
    seed: Annotated[int, typer.Option("--seed", help="Same seed, same judge, on a CPU.")] = 0,
    force: Force = False,
    device: Device = "auto",
    as_json: Annotated[bool, _JSON] = False,
    quiet: Annotated[bool, _QUIET] = False,
) -> None:
    """Train a judge: a classifier of the labels of a folder.

    [bold]wavegan judge train drums/ --out judges/drums[/bold]

    [bold]wavegan judge train digits/ --out judges/digits --validation test.txt --seed 1[/bold]

    held_out.txt lists the clips that were held out. Give it to a recipe's
    data.validation, and generator and judge hold out the same clips.
    """
    from wavegan.cli.console import ConsoleListener, Silent
    from wavegan.device import choose
    from wavegan.training.classifier import train

    listener = Silent() if as_json or quiet else ConsoleListener(steps)
    made = train(
        folder,
        out,
        listener=listener,
        seconds=seconds,
        steps=steps,
        validation=_held_out(validation),
        seed=seed,
        device=choose(device),
        force=force,
    )
    if as_json:
        typer.echo(json.dumps({"judge": str(out), **made.to_dict()}))
    elif not quiet:
        typer.echo(
            f"{made.accuracy:.1%} of {counted(made.held_out, 'held-out clip')} classified "
            f"correctly ({counted(len(made.labels), 'label')}, step {made.step}); saved in {out}"
        )


@judge_app.command("score")
def score_command(
    judge: Annotated[Path, typer.Argument(metavar="JUDGE", help="Folder that judge train wrote.")],
    sets: Annotated[
        list[Path],
        typer.Argument(
            metavar="SET...",
            help="Folders of generated clips; labels are subfolders or begin file names.",
        ),
    ],
    real: Annotated[Path, typer.Option("--real", help="The clips that were trained on.")],
    held_out: HeldOut = None,
    device: Device = "auto",
    as_json: Annotated[bool, _JSON] = False,
    quiet: Annotated[bool, _QUIET] = False,
) -> None:
    """Compare folders of clips with the real clips, and classify them.

    [bold]wavegan judge score judges/drums made/ --real drums/[/bold]

    [bold]wavegan judge score judges/drums a/ b/ --real drums/train --held-out drums/test[/bold]

    Fréchet, NDB/K, JS: distances from the real clips, 0 is best. Diversity: 1
    is as diverse as the real clips. Nearest: near 0 are copies of real clips, 1
    is as far as real clips are from each other. These are the numbers of
    wavegan evaluate --sets --embedding JUDGE. Inception Score (IS): 1 to the
    number of labels, high is good. Labels: share that the judge gives the label
    they were made for. The rows of real clips show what can be reached.
    """
    from wavegan.cli.console import Stages
    from wavegan.device import choose
    from wavegan.embeddings.classifier import Classifier
    from wavegan.evaluation.held_out import read_held_out
    from wavegan.evaluation.judge import score

    stages = Stages(silent=as_json or quiet)
    opened = Classifier.load(judge).to(choose(device))
    with stages.live():
        scores = score(
            opened,
            dict(zip(names(sets), sets, strict=True)),
            real=real,
            held_out=held_out or read_held_out(judge),
            note=stages.note,
            progress=lambda name, done, clips: stages.show(f"embedding {name}", done, clips),
        )
    if as_json:
        found = {"judge": str(judge), "real": str(real), **scores.to_dict()}
        typer.echo(json.dumps(found, allow_nan=False))
    else:
        _table(scores)


def _held_out(text: str) -> float | Path:
    """Read a share of the files, a number of them, or the path of a list."""
    from wavegan.typed import read

    value: float | Path = read(text, int | float | Path)
    if isinstance(value, Path) and not value.is_file():
        raise UserError(f"--validation {text}: give a share, a number of files, or a list file")
    return value


def _table(scores: "SetScores") -> None:
    """Print the sets as rows, in 80 columns, and how many clips are compared."""
    from rich.table import Table

    from wavegan.cli._screen import Screen

    table = Table(box=None)
    table.add_column("set", overflow="fold")
    for head in ("clips", "IS", "Fréchet", "labels", "divers.", "nearest", "NDB/K", "JS"):
        table.add_column(head, justify="right", no_wrap=True)
    for row in scores.rows:
        table.add_row(row.name, str(row.clips), *_cells(row))
    console = Screen(width=WIDE)
    console.print(table)
    console.print(
        f"Fréchet, NDB/K and JS compare {scores.part} clips at a time with {scores.reference} real "
        f"ones. The Inception Score (IS) is of {scores.scored} clips at a time. Compare only "
        "numbers of equal N.",
        soft_wrap=True,
    )


def _cells(row: "SetScore") -> Sequence[str]:
    accuracy = "-" if row.label_accuracy is None else f"{row.label_accuracy.value:.1%}"
    return (
        _shown(row.inception_score),
        _shown(row.frechet),
        accuracy,
        _fixed(row.diversity, 2),
        _fixed(row.nearest_neighbour, 2),
        _fixed(row.ndb, 2),
        _fixed(row.js, 3),
    )


def _fixed(figure: "ScoreOverParts", digits: int) -> str:
    return "-" if math.isnan(figure.value) else f"{figure.value:.{digits}f}"


def _shown(figure: "ScoreOverParts") -> str:
    """Format to three digits, with the deviation to the same place."""
    if math.isnan(figure.value):
        return "-"
    digits = 0 if figure.value >= 100 else 1 if figure.value >= 10 else 2
    text = f"{figure.value:.{digits}f}"
    return text if figure.deviation is None else f"{text} ±{figure.deviation:.{digits}f}"
