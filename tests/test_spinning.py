"""Waiting threads spin for a bounded time in every command, unless the user sets it."""

import os

import pytest
from typer.testing import CliRunner

from wavegan import spinning
from wavegan.cli import app


@pytest.fixture(autouse=True)
def untouched(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in spinning.CHOSEN:
        monkeypatch.setenv(name, "")
        monkeypatch.delenv(name)


def test_a_command_bounds_it_for_itself_and_its_children() -> None:
    assert CliRunner().invoke(app, ["list", "recipes"]).exit_code == 0
    assert os.environ["GOMP_SPINCOUNT"] == spinning.SPINS


@pytest.mark.parametrize("name", spinning.CHOSEN)
def test_what_the_user_chose_stays(name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(name, "active" if name == "OMP_WAIT_POLICY" else "7")
    before = dict(os.environ)
    spinning.bound()
    assert dict(os.environ) == before
