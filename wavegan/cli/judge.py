"""`wavegan judge`: score sets of generated clips with a classifier trained on the real ones."""

import json
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from wavegan.cli._options import Device, Force
from wavegan.counted import counted
from wavegan.errors import UserError

if TYPE_CHECKING:
    from wavegan.evaluation.judge import ScoreOverParts, SetScore, SetScores

WIDE = 160
"""Width in characters where there is no terminal."""

judge_app = typer.Typer(
    no_args_is_help=True,
    rich_markup_mode="rich",
    context_settings={"help_option_names": ["-h", "--help"]},
    help="Score sets of generated clips with a classifier trained on the real ones.\n\n"
    "[bold]wavegan judge train drums/ --out judges/drums[/bold]\n\n"
    "[bold]wavegan judge score judges/drums made/ --real drums/[/bold]",
)

_JSON = typer.Option("--json", help="One JSON object on stdout.")
_QUIET = typer.Option("--quiet", "-q", help="Only errors.")


@judge_app.callback()
def judge() -> None:
    """Score sets of generated clips with a classifier trained on the real ones."""


@judge_app.command("train")
def train_command(
    folder: Annotated[
        Path, typer.Argument(metavar="FOLDER", help="Real clips, in one folder per label.")
    ],
    out: Annotated[Path, typer.Option("--out", help="Folder for the judge.")],
    seconds: Annotated[
        float | None,
        typer.Option("--seconds", help="Length of input; default: fits most clips as a whole."),
    ] = None,
    validation: Annotated[
        str, typer.Option("--validation", help="Held-out clips: a share, a number or a list file.")
    ] = "0.1",
    steps: Annotated[int, typer.Option("--steps", help="Training steps of 64 clips.")] = 1000,
    seed: Annotated[int, typer.Option("--seed", help="On a CPU: same seed, same judge.")] = 0,
    force: Force = False,
    device: Device = "auto",
    as_json: Annotated[bool, _JSON] = False,
    quiet: Annotated[bool, _QUIET] = False,
) -> None:
    """Train a judge: a classifier of a folder's labels.

    [bold]wavegan judge train drums/ --out judges/drums[/bold]

    [bold]wavegan judge train digits/ --out judges/digits --validation test.txt --seed 1[/bold]

    Held-out clips are listed in held_out.txt. Give that file to a recipe as
    data.validation, and the generator holds out the same clips.
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
    real: Annotated[Path, typer.Option("--real", help="The clips the judge was trained on.")],
    held_out: Annotated[
        Path | None,
        typer.Option(
            "--held-out",
            help="Other real clips, a folder or a list; default: the judge's held_out.txt.",
        ),
    ] = None,
    device: Device = "auto",
    as_json: Annotated[bool, _JSON] = False,
    quiet: Annotated[bool, _QUIET] = False,
) -> None:
    """Compare folders of clips, and held-out real clips, with the real clips.

    [bold]wavegan judge score judges/drums made/ --real drums/[/bold]

    [bold]wavegan judge score judges/drums a/ b/ --real drums/train --held-out drums/test[/bold]

    Inception Score: 1 to the number of labels, high is good. Fréchet, NDB/K,
    JS: distances from the real clips, 0 is best. Labels: share classified as
    their own label. Diversity: 1 is as diverse as the real clips.
    Nearest: near 0 are copies of real clips, 1 is as far as real clips are from
    each other. The rows of real clips show what can be reached.
    """
    from wavegan.device import choose
    from wavegan.embeddings.classifier import Classifier
    from wavegan.evaluation.judge import read_held_out, score

    where = choose(device)
    verdict = score(
        Classifier.load(judge).to(where),
        sets,
        real=real,
        held_out=held_out or read_held_out(judge),
        note=lambda text: None if as_json or quiet else typer.echo(text, err=True),
    )
    if as_json:
        typer.echo(json.dumps({"judge": str(judge), "real": str(real), **verdict.to_dict()}))
    else:
        _table(verdict)


def _held_out(text: str) -> float | Path:
    """Parse --validation: a share of the files, a number of files, or a list."""
    from wavegan.typed import read

    value: float | Path = read(text, int | float | Path)
    if isinstance(value, Path) and not value.is_file():
        raise UserError(f"--validation {text}: give a share, a number of files, or a list file")
    return value


def _table(verdict: "SetScores") -> None:
    """Print the sets as rows, in 80 columns, and a legend."""
    from rich.table import Table

    from wavegan.cli._screen import Screen

    table = Table(box=None)
    table.add_column("set", overflow="fold")
    for head in ("clips", "IS", "Fréchet", "labels", "divers.", "nearest", "NDB/K", "JS"):
        table.add_column(head, justify="right", no_wrap=True)
    for row in verdict.rows:
        table.add_row(row.name, str(row.clips), *_cells(row))
    console = Screen(width=WIDE)
    console.print(table)
    console.print(
        f"Fréchet, NDB/K and JS compare {verdict.part} clips at a time with the real ones, the "
        f"Inception Score (IS) takes {verdict.scored}: only compare values with the same numbers.",
        soft_wrap=True,
    )


def _cells(row: "SetScore") -> Sequence[str]:
    accuracy = "-" if row.label_accuracy is None else f"{row.label_accuracy.value:.1%}"
    return (
        _shown(row.inception_score),
        _shown(row.frechet),
        accuracy,
        f"{row.diversity.value:.2f}",
        f"{row.nearest_neighbour.value:.2f}",
        f"{row.ndb.value:.2f}",
        f"{row.js.value:.3f}",
    )


def _shown(figure: "ScoreOverParts") -> str:
    """Format with three digits, and the deviation with as many decimals."""
    digits = 0 if figure.value >= 100 else 1 if figure.value >= 10 else 2
    text = f"{figure.value:.{digits}f}"
    return text if figure.deviation is None else f"{text} ±{figure.deviation:.{digits}f}"
