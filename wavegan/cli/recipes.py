"""`wavegan list` and `wavegan show`: what there is, and what a recipe resolves to."""

import json
import sys
from typing import Annotated

import typer

JSON = Annotated[bool, typer.Option("--json", help="One JSON object on stdout.")]


def list_command(
    what: Annotated[
        str | None, typer.Argument(help="recipes, presets, mels, or a kind of plug-in.")
    ] = None,
    as_json: JSON = False,
) -> None:
    """List recipes, presets, mel front-ends and plug-ins.

    [bold]wavegan list[/bold]

    [bold]wavegan list mels[/bold]
    """
    from wavegan import plugins, recipe
    from wavegan.audio.mel import Mel
    from wavegan.errors import UserError, suggest

    found: dict[str, list[str]] = {
        "recipes": list(recipe.recipes()),
        "presets": list(recipe.presets()),
        "mels": list(Mel.preset_names()),
        **{kind: plugins.names(kind) for kind in plugins.KINDS},
    }
    if what is not None:
        if what not in found:
            raise UserError(f"nothing is called {what!r}{suggest(what, found)}")
        found = {what: found[what]}
    if as_json:
        typer.echo(json.dumps(found))
        return
    for kind, names in found.items():
        if what is not None:
            typer.echo("\n".join(names))
        else:
            typer.echo(f"{kind + ':':<16}{', '.join(names)}")


def show_command(
    recipe: Annotated[str, typer.Argument(help="A recipe's or preset's name, or a YAML file.")],
    overrides: Annotated[
        list[str] | None, typer.Argument(metavar="[KEY=VALUE]...", help="Fields to change.")
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
        # what is shown is a recipe also where the stream has no characters beyond ASCII
        encoding = getattr(sys.stdout, "encoding", "utf-8")
        typer.echo(dump(resolved, plain=not encoding.startswith("utf")), nl=False)
