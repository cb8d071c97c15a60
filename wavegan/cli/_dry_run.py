"""What `wavegan train --dry-run` says: what a run would be, and nothing is written."""

import json
from typing import TYPE_CHECKING

import typer

if TYPE_CHECKING:
    from wavegan.recipe import Recipe


def describe(recipe: "Recipe", as_json: bool) -> None:
    """Say what would run: networks and folder."""
    from wavegan.data.manifest import printable
    from wavegan.training import setup

    plan = setup.describe(recipe)
    if as_json:
        typer.echo(json.dumps(plan))
        return
    for key, value in plan.items():
        lines = value if isinstance(value, list) else []
        typer.echo(f"{key.replace('_', ' ')}: {len(lines) if lines is value else value}")
        for line in lines:
            typer.echo(f"  {printable(line)}")
