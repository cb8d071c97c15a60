"""Calls of the command, and of the samples that it writes."""

import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest
import torch
from click.testing import Result
from typer.testing import CliRunner

from wavegan import bundle
from wavegan.cli import app

Export = Callable[..., Result]
Ran = Callable[..., str]
Saved = Callable[[Path, bundle.Config], Path]


@pytest.fixture(scope="session")
def export() -> Export:
    """Calls the command."""

    def call(*words: object) -> Result:
        runner = CliRunner(env={"WAVEGAN_DEBUG": None})
        return runner.invoke(app, ["export", *(str(word) for word in words)])

    return call


@pytest.fixture(scope="session")
def refusal(export: Export) -> Ran:
    """The one line on stderr of a call that fails, with the exit code `code`."""

    def call(*words: object, code: int = 2) -> str:
        result = export(*words)
        assert result.exit_code == code, result.output
        assert result.stdout == ""
        assert result.stderr.startswith("error: ")
        assert result.stderr.count("\n") == 1
        line: str = result.stderr
        return line

    return call


@pytest.fixture(scope="session")
def ran() -> Ran:
    """What a sample prints in a process of its own, where the packages in `without` are missing."""

    def run(script: Path, *words: object, without: str = "wavegan") -> str:
        code = (
            "import runpy, sys\n"
            "sys.modules.update(dict.fromkeys(sys.argv.pop(1).split()))\n"
            "sys.argv.pop(0)\n"
            "runpy.run_path(sys.argv[0], run_name='__main__')\n"
        )
        command = [sys.executable, "-I", "-c", code, without, str(script), *map(str, words)]
        made = subprocess.run(command, capture_output=True, text=True, check=False)
        assert made.returncode == 0, made.stderr
        return made.stdout

    return run


@pytest.fixture(scope="session")
def saved() -> Saved:
    """Writes a bundle with fresh weights; those that begin at 0 are moved a little."""

    def write(folder: Path, config: bundle.Config) -> Path:
        torch.manual_seed(0)
        net = bundle.build(config)
        with torch.no_grad():
            for parameter in net.parameters():
                if not parameter.any():
                    parameter.normal_(std=0.1)
        folder.mkdir(parents=True)
        bundle.save(folder, config, net.state_dict())
        return folder

    return write
