"""A run's records, read while they are being written."""

import math
from pathlib import Path

import pytest

from wavegan.errors import UserError
from wavegan.progress.history import History


def test_lines_by_kind_and_what_is_not_whole_left_out(tmp_path: Path) -> None:
    (tmp_path / "recipe.yaml").write_text("training: {steps: 70, log_every: 5}\n")
    (tmp_path / "metrics.jsonl").write_text(
        '{"kind": "start", "step": 0, "processes": 1}\n'
        '{"kind": "train", "step": 5, "a": 1.0}\n'
        '{"kind": "train", "step": 10, "a": null}\n'
        '{"kind": "validation", "step": 10, "log_mel_l1": 0.5}\n'
        '{"kind": "alarm", "step": 10, "text": "odd"}\n'
        'broken\n{"kind": "train"}\n[1]\n{"kind": "train", "step": 15, "a"'
    )
    history = History.read(tmp_path)
    assert [len(getattr(history, k)) for k in ("train", "validation", "alarms", "starts")] == [
        2, 1, 1, 1,
    ]  # fmt: skip
    steps, values = history.series("train", "a")
    assert (steps, values[0], math.isnan(values[1])) == ([5, 10], 1.0, True)
    assert (history.step, history.total, history.ended) == (10, 70, False)


@pytest.mark.parametrize(
    "text", ["training: 3", "training: {steps: many}", "training: {steps: true}", "a: 1"]
)
def test_a_field_that_is_odd_has_its_default(tmp_path: Path, text: str) -> None:
    (tmp_path / "recipe.yaml").write_text(text)
    history = History.read(tmp_path)
    assert history.total == 1_000_000
    assert history.setting("training", "log_every", 50) == 50


@pytest.mark.parametrize("text", ["a: [", "- 1", "\xff"])
def test_a_damaged_recipe_is_named(tmp_path: Path, text: str) -> None:
    (tmp_path / "recipe.yaml").write_bytes(text.encode("latin-1"))
    with pytest.raises(UserError, match=r"recipe\.yaml: damaged"):
        History.read(tmp_path)
