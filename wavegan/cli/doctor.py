"""`wavegan doctor`: checks of the installation, of mels and of runs."""

import typer

from wavegan.cli.doctor_install import install_command
from wavegan.cli.doctor_mel import mel_command
from wavegan.cli.doctor_run import run_command

doctor_app = typer.Typer(
    no_args_is_help=True,
    rich_markup_mode="rich",
    context_settings={"help_option_names": ["-h", "--help"]},
    help="Check the installation, a mel spectrogram or a run.\n\n"
    "[bold]wavegan doctor install[/bold]\n\n"
    "[bold]wavegan doctor run runs/my-voice[/bold]\n\n"
    "[bold]wavegan doctor mel mel.npy --wav clip.wav[/bold]\n\n"
    "[bold]wavegan doctor mel mel.npy --wav clip.wav --model runs/my-voice[/bold]",
)


@doctor_app.callback()
def doctor() -> None:
    """Check the installation, a mel spectrogram or a run."""


doctor_app.command("install")(install_command)
doctor_app.command("mel")(mel_command)
doctor_app.command("run")(run_command)
