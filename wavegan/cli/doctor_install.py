"""`wavegan doctor install`: check that the installed packages load together."""

import json
from collections.abc import Sequence
from typing import TYPE_CHECKING, Annotated

import typer

if TYPE_CHECKING:
    from wavegan.installation import Package


def install_command(
    as_json: Annotated[bool, typer.Option("--json", help="One JSON object on stdout.")] = False,
) -> None:
    """Check that the installed packages load together.

    [bold]wavegan doctor install[/bold]

    [bold]wavegan doctor install --json[/bold]

    Exit code 1 if an installed package does not load.
    """
    from wavegan.installation import packages
    from wavegan.machine import machine, versions

    found = packages()
    broken = [package for package in found if package.state == "broken"]
    if as_json:
        facts = {"machine": machine(), "versions": versions(), "works": not broken}
        typer.echo(json.dumps(facts | {"packages": [package.to_dict() for package in found]}))
    else:
        _print(found, broken)
    raise typer.Exit(1 if broken else 0)


def _print(found: "Sequence[Package]", broken: "Sequence[Package]") -> None:
    from wavegan.machine import machine, versions

    for key, value in {**machine(), "python": versions()["python"]}.items():
        typer.echo(f"{key.replace('_', ' ')}: {value}")
    there = [f"{package.name} {package.version}" for package in found if package.state == "works"]
    typer.echo(f"loaded: {', '.join(there)}")
    for extra, names in _incomplete(found).items():
        typer.echo(f'not installed: {", ".join(names)}; to add: pip install "wavegan[{extra}]"')
    for package in broken:
        typer.echo(f"broken: {package.name} {package.version}: {package.reason}; {package.remedy}")
    if not broken:
        typer.echo("all installed packages load")


def _incomplete(found: "Sequence[Package]") -> dict[str, list[str]]:
    """Missing packages, by the extra that installs them."""
    missing: dict[str, list[str]] = {}
    for package in found:
        for extra in package.extras if package.state == "missing" else ():
            missing.setdefault(extra, []).append(package.name)
    return missing
