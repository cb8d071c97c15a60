"""The command line. Commands import heavy modules inside their functions: `--help` stays fast."""

from typing import Annotated

import typer

import wavegan
from wavegan import spinning
from wavegan.cli._recipe_command import RecipeCommand
from wavegan.cli._several_values import SeveralNumbers
from wavegan.cli.bench import bench_command
from wavegan.cli.convert import convert_command
from wavegan.cli.diagnose import diagnose_command
from wavegan.cli.doctor import doctor_app
from wavegan.cli.errors import ReportingGroup
from wavegan.cli.evaluate import evaluate_command
from wavegan.cli.export import export_command
from wavegan.cli.generate import generate_command
from wavegan.cli.judge import judge_app
from wavegan.cli.listen import listen_command
from wavegan.cli.recipes import list_command, show_command
from wavegan.cli.report import report_command
from wavegan.cli.status import status_command
from wavegan.cli.train import train_command
from wavegan.cli.vocode import vocode_command

app = typer.Typer(
    cls=ReportingGroup,
    no_args_is_help=True,
    pretty_exceptions_enable=False,
    rich_markup_mode="rich",
    # with colour on, an ESC in a name reaches our guard, which escapes it; without, typer would
    # remove it in a pipe and print it raw on a terminal
    context_settings={"help_option_names": ["-h", "--help"], "color": True},
    epilog="Start with: [bold]wavegan list[/bold], then "
    "[bold]wavegan train tiny my-recordings/ --out runs/my-voice[/bold]",
)


def _print_version(wanted: bool) -> None:
    if wanted:
        typer.echo(f"wavegan {wavegan.__version__}")
        raise typer.Exit


@app.callback()
def main(
    _version: Annotated[
        bool,
        typer.Option(
            "--version", "-V", callback=_print_version, is_eager=True, help="Print the version."
        ),
    ] = False,
    _debug: Annotated[
        bool, typer.Option("--debug", help="Show tracebacks; allowed after any command.")
    ] = False,
) -> None:
    """Train and use GANs for speech and music."""
    spinning.bound()


_work, _judge, _look = "Work", "Judge", "Look"
app.command("train", cls=RecipeCommand, rich_help_panel=_work)(train_command)
app.command("vocode", rich_help_panel=_work)(vocode_command)
app.command("generate", rich_help_panel=_work)(generate_command)
app.command("convert", rich_help_panel=_work)(convert_command)
app.command("export", rich_help_panel=_work)(export_command)
for _name, _command in (
    ("evaluate", evaluate_command),
    ("report", report_command),
    ("status", status_command),
    ("diagnose", diagnose_command),
    ("listen", listen_command),
):
    app.command(_name, rich_help_panel=_judge)(_command)
app.add_typer(judge_app, name="judge", rich_help_panel=_judge)
app.command("bench", cls=SeveralNumbers, rich_help_panel=_judge)(bench_command)
app.command("list", rich_help_panel=_look)(list_command)
app.command("show", cls=RecipeCommand, rich_help_panel=_look)(show_command)
app.add_typer(doctor_app, name="doctor", rich_help_panel=_look)
