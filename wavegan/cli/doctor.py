"""`wavegan doctor`: finding out why things do not fit together."""

import typer

from wavegan.cli.doctor_install import install_command
from wavegan.cli.doctor_mel import mel_command
from wavegan.cli.doctor_run import run_command

doctor_app = typer.Typer(
    no_args_is_help=True,
    rich_markup_mode="rich",
    context_settings={"help_option_names": ["-h", "--help"]},
    help="Find out why things do not fit together.\n\n"
    "[bold]wavegan doctor install[/bold]\n\n"
    "[bold]wavegan doctor run runs/my-voice[/bold]\n\n"
    "[bold]wavegan doctor mel mel.npy --wav clip.wav[/bold]\n\n"
    "[bold]wavegan doctor mel mel.npy --wav clip.wav --model runs/my-voice[/bold]",
)


@doctor_app.callback()
def doctor() -> None:
    """Find out why things do not fit together."""


doctor_app.command("install")(install_command)
doctor_app.command("mel")(mel_command)
doctor_app.command("run")(run_command)
