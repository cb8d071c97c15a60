"""Whether packages work together is found by loading them."""

import json

import pytest
from typer.testing import CliRunner

from wavegan import installation
from wavegan.cli import app
from wavegan.installation import Package

BROKEN = Package("transformers", ("tts",), "5.0", "broken", "OSError: no torchaudio.so here")


def test_a_failure_and_a_crash_are_distinguished_and_the_rest_is_still_tried() -> None:
    todo = [
        ("good", "import json"),
        ("chatty", "print('[1, 2]'); print('hello', end='')"),
        ("broken", "raise OSError('no\\nlibrary')"),
        ("deadly", "import os; os._exit(7)"),
        ("late", "import csv"),
        ("absent", "import no_such_module_anywhere"),
    ]
    found = dict(installation._imported(todo))
    assert found["good"] == found["chatty"] == found["late"] == ""
    assert found["broken"] == "OSError: no library"
    assert "code 7" in found["deadly"]
    assert "no_such_module_anywhere" in found["absent"]


def test_every_package_of_a_users_extras_is_looked_at_and_loads_here() -> None:
    found = {package.name: package for package in installation.packages()}
    assert {"torch", "soundfile", "accelerate", "pesq", "torchaudio"} <= found.keys()
    assert found["torch"].extras == ("",)
    assert found["accelerate"].extras == ("train",)
    assert "ruff" not in found
    assert [p.name for p in found.values() if p.state == "broken"] == []


def test_a_remedy_removes_what_breaks_others_and_is_not_needed() -> None:
    assert BROKEN.remedy.endswith("pip uninstall torchaudio")
    other = Package("librosa", ("plot",), "0.11", "broken", "ImportError: numba")
    assert other.remedy.endswith("pip install --force-reinstall librosa")


def test_the_command_names_what_is_broken_and_fails(monkeypatch: pytest.MonkeyPatch) -> None:
    good = Package("torch", ("",), "2.13", "works")
    missing = Package("pesq", ("metrics",), None, "missing")
    monkeypatch.setattr(installation, "packages", lambda: [good, missing, BROKEN])
    reported = CliRunner().invoke(app, ["doctor", "install"])
    assert reported.exit_code == 1
    assert "transformers 5.0: OSError: no torchaudio.so here" in reported.output
    assert 'pesq; to add: pip install "wavegan[metrics]"' in reported.output
    asked = CliRunner().invoke(app, ["doctor", "install", "--json"])
    assert asked.exit_code == 1
    assert json.loads(asked.stdout)["packages"][2]["remedy"] == BROKEN.remedy
    monkeypatch.setattr(installation, "packages", lambda: [good])
    assert CliRunner().invoke(app, ["doctor", "install"]).exit_code == 0
