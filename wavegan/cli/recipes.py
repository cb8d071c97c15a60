"""`wavegan list` and `wavegan show`: available recipes and plug-ins, and one resolved recipe."""

import json
import sys
from collections.abc import Mapping, Sequence
from typing import Annotated

import typer

from wavegan.cli import _completion

JSON = Annotated[bool, typer.Option("--json", help="One JSON object on stdout.")]
WIDE = 400
"""Width in characters where there is no terminal: enough for one line per recipe."""
UNTRAINED = "not trained by us yet"
ALIKE = {"presets": "recipes"}
"""Other names of a kind."""


def list_command(
    what: Annotated[
        str | None,
        typer.Argument(
            help="recipes, mels, or a kind of plug-in.", autocompletion=_completion.listed
        ),
    ] = None,
    as_json: JSON = False,
) -> None:
    """List recipes with purpose, needs and results; mel front-ends and plug-ins.

    [bold]wavegan list[/bold]

    [bold]wavegan list recipes --json[/bold]

    With --json each kind is a list of names, and about has each recipe's
    description, needs and gave (null: not trained by us yet).
    """
    from wavegan import plugins, recipe
    from wavegan.errors import UserError, suggest
    from wavegan.mel.front_end import Mel

    found: dict[str, list[str]] = {
        "recipes": list(recipe.recipes()),
        "mels": list(Mel.preset_names()),
        **{kind: plugins.names(kind) for kind in plugins.KINDS},
    }
    if what is not None:
        what = ALIKE.get(what, what)
        if what not in found:
            raise UserError(f"{what!r}: no such list{suggest(what, found)}")
        found = {what: found[what]}
    about = _about(found.get("recipes", ()))
    if as_json:
        typer.echo(json.dumps({**found, **({"about": about} if about else {})}))
        return
    if about:
        _print_recipes(about)
    for kind, names in found.items():
        if kind == "recipes":
            continue
        typer.echo("\n".join(names) if what else f"{kind + ':':<16}{', '.join(names)}")


def _about(names: Sequence[str]) -> dict[str, dict[str, str | None]]:
    """Description, needs and results of each recipe."""
    from wavegan.recipe import load

    read = {name: load(name) for name in names}
    return {
        name: {"description": own.description, "needs": own.needs, "gave": own.gave or None}
        for name, own in read.items()
    }


def _print_recipes(about: Mapping[str, Mapping[str, str | None]]) -> None:
    from rich.table import Table

    from wavegan.cli._screen import Screen

    console = Screen(width=WIDE)
    table = Table(box=None, pad_edge=False, header_style="")
    table.add_column("recipe", no_wrap=True)
    for head in ("for", "needs", "gave"):
        table.add_column(head, overflow="fold")
    for name, own in about.items():
        table.add_row(name, own["description"], own["needs"], own["gave"] or UNTRAINED)
    with console.capture() as drawn:
        console.print(table)
    for line in drawn.get().splitlines():
        typer.echo(line.rstrip())


def show_command(
    recipe: Annotated[
        str,
        typer.Argument(help="A recipe's name, or a YAML file.", autocompletion=_completion.recipe),
    ],
    overrides: Annotated[
        list[str] | None,
        typer.Argument(
            metavar="[KEY=VALUE]...", help="Fields to change.", autocompletion=_completion.fields
        ),
    ] = None,
    as_json: JSON = False,
) -> None:
    """Show a recipe with everything it inherits.

    [bold]wavegan show tiny[/bold]

    [bold]wavegan show hifigan-v1 training.batch_size=32 --json[/bold]
    """
    from wavegan.recipe import dump, load

    resolved = load(recipe, overrides or [])
    if as_json:
        typer.echo(json.dumps(resolved.model_dump(mode="json")))
    else:
        # an ASCII stream would replace characters; escapes keep the output a valid recipe
        encoding = getattr(sys.stdout, "encoding", "utf-8")
        typer.echo(dump(resolved, plain=not encoding.startswith("utf")), nl=False)
