"""The verdict during training: printed when it changes, and never a reason to stop."""

import json
from pathlib import Path

import numpy as np
import pytest

from wavegan.progress import adviser as advising
from wavegan.progress.adviser import Adviser

RECIPE = "{task: {name: vocode}, training: {steps: 100000, validate_every: 1000}}\n"


def validated(run: Path, values: list[float]) -> list[str]:
    """The output at each validation, and at the end."""
    run.mkdir()
    (run / "recipe.yaml").write_text(RECIPE)
    heard: list[str] = []
    adviser = Adviser(run, heard.append)
    for number, value in enumerate(values):
        with (run / "metrics.jsonl").open("a") as stream:
            line = {"kind": "validation", "step": 1000 * (number + 1), "log_mel_l1": value}
            stream.write(json.dumps(line) + "\n")
        adviser.report(final=number + 1 == len(values))
    return heard


def test_a_hundred_validations_are_no_flood(tmp_path: Path) -> None:
    rng = np.random.default_rng(0)
    steps = np.arange(1, 101)
    values = (0.3 + 0.5 / steps) * (1 + 0.01 * rng.standard_normal(100))
    notes = validated(tmp_path / "run", values.tolist())
    assert 3 <= len(notes) <= 12
    assert "too early to tell" in notes[0]
    assert ", falling since step 1,000 by " in notes[1]
    assert notes[-1].startswith("Step 100,000 of 100,000: ")


def test_the_end_is_reported_though_nothing_is_new(tmp_path: Path) -> None:
    notes = validated(tmp_path / "run", [1 / n for n in range(1, 21)])
    assert len(notes) == 3
    assert notes[-1].startswith("Step 20,000 of 100,000: ")


def test_a_spoilt_folder_ends_no_training(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    heard: list[str] = []
    adviser = Adviser(tmp_path, heard.append)
    adviser.report()
    assert heard == [
        f"no verdict: {tmp_path}: not a run's folder, as it has no recipe.yaml (see --out of train)"
    ]
    (tmp_path / "recipe.yaml").write_text(RECIPE)

    def broken(_history: object) -> None:
        raise ZeroDivisionError("of all things")

    monkeypatch.setattr(advising, "run_verdict", broken)
    adviser.report(final=True)
    assert heard[1:] == ["no verdict: of all things"]
    assert adviser.last is None
