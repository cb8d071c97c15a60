"""`wavegan listen`: make the page of a blind listening test, and score its results."""

import json
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from wavegan.cli._options import Force
from wavegan.counted import counted
from wavegan.errors import UserError

if TYPE_CHECKING:
    from wavegan.cli._screen import Screen
    from wavegan.listening.abx import Abx
    from wavegan.listening.build import Built
    from wavegan.listening.mushra import Mushra
    from wavegan.listening.results import Collected

WIDE = 120
"""Width in characters where there is no terminal."""


def listen_command(
    paths: Annotated[
        list[Path],
        typer.Argument(
            metavar="DIR...", help="One folder of clips per system; with --score: results."
        ),
    ],
    out: Annotated[
        Path | None, typer.Option("--out", "-o", help="Folder for the page, index.html.")
    ] = None,
    score: Annotated[
        bool, typer.Option("--score", help="Analyse results: files or folders of files.")
    ] = False,
    reference: Annotated[
        Path | None, typer.Option("--reference", "-r", help="Folder of the originals.")
    ] = None,
    test: Annotated[
        str, typer.Option("--test", help="mushra rates quality; abx tests for a difference.")
    ] = "mushra",
    clips: Annotated[int, typer.Option("--clips", help="Maximum number of clips.")] = 8,
    trials: Annotated[int, typer.Option("--trials", help="ABX: trials per pair.")] = 16,
    seconds: Annotated[float, typer.Option("--seconds", help="Longer clips are cut.")] = 12.0,
    seed: Annotated[int, typer.Option("--seed", help="Same seed, same clips.")] = 0,
    anchor: Annotated[
        bool, typer.Option("--anchor/--no-anchor", help="MUSHRA: add low-passed references.")
    ] = True,
    match_loudness: Annotated[
        bool, typer.Option("--match-loudness/--no-match-loudness", help="Equalize loudness.")
    ] = True,
    title: Annotated[
        str, typer.Option("--title", help="What listeners read; name no system in it.")
    ] = "Listening test",
    embed: Annotated[
        bool | None,
        typer.Option("--embed/--no-embed", help="Put audio into the page; default: up to 60 MB."),
    ] = None,
    keep_all: Annotated[
        bool, typer.Option("--keep-all", help="Include listeners who missed the reference.")
    ] = False,
    force: Force = False,
    as_json: Annotated[bool, typer.Option("--json", help="One JSON object on stdout.")] = False,
    quiet: Annotated[bool, typer.Option("--quiet", "-q", help="Only errors.")] = False,
) -> None:
    """Make a page for a blind listening test, or score the results that listeners saved.

    [bold]wavegan listen ours/ theirs/ --reference originals/ --out test/[/bold]

    [bold]wavegan listen old/ new/ --test abx --trials 20 --out test/[/bold]

    [bold]wavegan listen --score results/[/bold]

    Clips are paired by their names without extension. The page opens with a
    double click or from any web server; listeners save a file at the end and
    send it back. docs/listening.md: how many listeners and clips are needed.
    """

    def note(line: str) -> None:
        if not as_json and not quiet:
            typer.echo(line, err=True)

    if score:
        if out is not None or reference is not None:
            raise UserError("--score makes no page: leave out --out and --reference")
        _score(paths, keep_all, as_json, quiet)
        return
    if out is None:
        raise UserError("--out is missing: give a folder for the page (or --score for results)")
    from wavegan.listening.build import build
    from wavegan.listening.plan import ListeningTest

    plan = ListeningTest(
        reference=reference,
        test=test,
        clips=clips,
        trials=trials,
        seed=seed,
        anchors=anchor,
        match_loudness=match_loudness,
        title=title,
        seconds=seconds,
        embed=embed,
    )
    built = build(paths, out, plan, note=note, force=force)
    if as_json:
        typer.echo(json.dumps(built.to_dict()))
    elif not quiet:
        _print(built)


def _print(built: "Built") -> None:
    where = "one file" if built.embedded else "with the folder audio/ next to it"
    typer.echo(
        f"{built.page}: {counted(built.trials, 'trial')} of "
        f"{counted(len(built.clips), 'clip')}, {counted(len(built.conditions), 'condition')}; "
        f"{built.bytes / 1e6:.1f} MB, {where}; test {built.id}"
    )


def _score(paths: list[Path], keep_all: bool, as_json: bool, quiet: bool) -> None:
    """Read the results that listeners saved, and print the scores."""
    from wavegan.listening import abx, mushra
    from wavegan.listening.results import collect

    collected = collect(paths)
    verdict: Abx | Mushra
    if collected.test.kind == "abx":
        verdict = abx.score(collected)
    else:
        verdict = mushra.score(collected, keep_all=keep_all)
    if as_json:
        refused = [vars(entry) for entry in collected.refused]
        test = {"id": collected.test.id, "kind": collected.test.kind, "title": collected.test.title}
        found = {"test": test, **verdict.to_dict(), "comments": collected.comments()}
        typer.echo(json.dumps({**found, "refused": refused}))
        return
    for entry in () if quiet else collected.refused:
        typer.echo(f"left out: {entry.file}: {entry.reason}", err=True)
    _show(collected, verdict)


def _show(collected: "Collected", verdict: "Abx | Mushra") -> None:
    from wavegan.cli._screen import Screen
    from wavegan.listening.abx import Abx

    console = Screen(width=WIDE)
    console.print(f"{collected.test.title} ({collected.test.kind}, test {collected.test.id})")
    if isinstance(verdict, Abx):
        _show_abx(console, verdict)
    else:
        _show_mushra(console, verdict)
    for warning in verdict.warnings():
        console.print(f"note: {warning}", soft_wrap=True)
    for comment in collected.comments():
        about = f" on {comment['clip']}" if comment["clip"] else ""
        console.print(f"{comment['listener']}{about}: {comment['text']}", soft_wrap=True)


def _show_mushra(console: "Screen", verdict: "Mushra") -> None:
    from rich.table import Table

    table = Table("condition", box=None)
    for head in ("rating", "95 %", "n"):
        table.add_column(head, justify="right", no_wrap=True)
    for row in verdict.rows:
        rating = row.rating
        span = f"{rating.low:.1f} to {rating.high:.1f}"
        table.add_row(row.name, f"{rating.mean:.1f}", span, str(rating.n))
    console.print(table)
    console.print(
        f"{verdict.trials} trials by {', '.join(verdict.listeners)}; n and the intervals are over "
        f"{verdict.unit}",
        soft_wrap=True,
    )
    for screened in verdict.screened:
        fate = (
            "included (--keep-all)" if verdict.kept_all else "excluded (--keep-all includes them)"
        )
        console.print(f"{screened}: {fate}", soft_wrap=True)
    pairs = Table("difference", box=None)
    for head in ("points", "95 %", "p", "p (Holm)"):
        pairs.add_column(head, justify="right", no_wrap=True)
    for pair in verdict.pairs:
        gap = pair.difference
        span = f"{gap.low:+.1f} to {gap.high:+.1f}"
        name = f"{pair.a} − {pair.b}"
        pairs.add_row(name, f"{gap.mean:+.1f}", span, f"{pair.p:.3f}", f"{pair.p_holm:.3f}")
    if verdict.pairs:
        console.print(pairs)


def _show_abx(console: "Screen", verdict: "Abx") -> None:
    from rich.table import Table

    table = Table("pair", box=None)
    for head in ("right", "share", "95 %", "p", "p (Holm)"):
        table.add_column(head, justify="right", no_wrap=True)
    for pair in verdict.pairs:
        low, high = pair.ci95
        table.add_row(
            f"{pair.a} / {pair.b}",
            f"{pair.tally.right}/{pair.tally.total}",
            f"{pair.tally.right / pair.tally.total:.0%}",
            f"{low:.0%} to {high:.0%}",
            f"{pair.p:.3f}",
            f"{pair.p_holm:.3f}",
        )
    console.print(table)
    for pair in verdict.pairs:
        console.print(f"{pair.a} / {pair.b}: {pair.verdict()}", soft_wrap=True)
        if len(pair.listeners) > 1:
            each = ", ".join(f"{name} {t.right}/{t.total}" for name, t in pair.listeners.items())
            console.print(f"  {each}", soft_wrap=True)
