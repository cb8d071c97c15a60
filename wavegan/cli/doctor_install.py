"""`wavegan doctor install`: whether what is installed works together."""

import json
from collections.abc import Sequence
from typing import TYPE_CHECKING, Annotated

import typer

if TYPE_CHECKING:
    from wavegan.installation import Package


def install_command(
    as_json: Annotated[bool, typer.Option("--json", help="One JSON object on stdout.")] = False,
) -> None:
    """Check that the installed packages load beside each other.

    [bold]wavegan doctor install[/bold]

    [bold]wavegan doctor install --json[/bold]

    Exit code 1 if one that is installed does not load.
    """
    from wavegan.installation import packages
    from wavegan.machine import machine, versions

    found = packages()
    broken = [package for package in found if package.state == "broken"]
    if as_json:
        facts = {"machine": machine(), "versions": versions(), "works": not broken}
        typer.echo(json.dumps(facts | {"packages": [package.to_dict() for package in found]}))
    else:
        _tell(found, broken)
    raise typer.Exit(1 if broken else 0)


def _tell(found: "Sequence[Package]", broken: "Sequence[Package]") -> None:
    from wavegan.machine import machine, versions

    for key, value in {**machine(), "python": versions()["python"]}.items():
        typer.echo(f"{key.replace('_', ' ')}: {value}")
    there = [f"{package.name} {package.version}" for package in found if package.state == "works"]
    typer.echo(f"loaded: {', '.join(there)}")
    for extra, names in _incomplete(found).items():
        typer.echo(f'not here: {", ".join(names)}; pip install "wavegan[{extra}]" brings them')
    for package in broken:
        typer.echo(f"broken: {package.name} {package.version}: {package.reason}; {package.remedy}")
    if not broken:
        typer.echo("everything that is installed loads")


def _incomplete(found: "Sequence[Package]") -> dict[str, list[str]]:
    """What is missing, by the extra that brings it."""
    missing: dict[str, list[str]] = {}
    for package in found:
        for extra in package.extras if package.state == "missing" else ():
            missing.setdefault(extra, []).append(package.name)
    return missing
