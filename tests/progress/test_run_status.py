"""The status of a run, from its files."""

import json
import os
from pathlib import Path

import pytest

from wavegan.progress.history import History
from wavegan.progress.pace import due, format_duration
from wavegan.progress.run_status import run_status


def make(run: Path, *lines: dict[str, object], steps: int = 1000) -> History:
    run.mkdir(exist_ok=True)
    (run / "recipe.yaml").write_text(
        f"training: {{steps: {steps}, log_every: 50, validate_every: 300}}\n"
    )
    text = "".join(json.dumps(line) + "\n" for line in lines)
    if lines:
        (run / "metrics.jsonl").write_text(text)
        os.utime(run / "metrics.jsonl", (5000, 5000))
    return History.read(run)


def train(step: int, speed: float = 2.0) -> dict[str, object]:
    return {"kind": "train", "step": step, "speed/steps": speed}


def test_running_silent_ended(tmp_path: Path) -> None:
    history = make(tmp_path / "a", train(50), train(100), train(150, 900.0))
    found = run_status(history, now=5012)
    assert (found.state, found.speed, found.left) == ("running", 2.0, 425.0)
    assert found.line == (
        "step 150 of 1,000 (15%), 2 steps/s, 7 min to the end; running (wrote 12 s ago)"
    )
    # five lines of 50 steps at 2 a second are 125 s
    assert [run_status(history, now=5000 + s).state for s in (124, 126)] == ["running", "silent"]
    assert run_status(history, now=5600).line.endswith("silent for 10 min (validating, or stopped)")
    ended = run_status(make(tmp_path / "b", train(1000)), now=5000 + 3 * 3600)
    assert (ended.state, ended.left) == ("ended", 0)
    assert ended.line == "step 1,000 of 1,000 (100%), 2 steps/s; ended 3.0 h ago"
    assert run_status(history, now=4000).written == 0  # a clock that is behind


def test_what_has_not_begun(tmp_path: Path) -> None:
    found = run_status(make(tmp_path / "a"))
    assert (found.state, found.written, found.left, found.best) == ("not begun", None, None, None)
    assert found.line == "step 0 of 1,000 (0%); nothing written yet"


def test_the_best_checkpoint_has_to_be_there(tmp_path: Path) -> None:
    run = tmp_path / "a"
    history = make(run, train(50))
    folder = run / "checkpoints" / "00000050"
    folder.mkdir(parents=True)
    assert run_status(history).best is None
    (run / "checkpoints" / "best.json").write_text('{"step": 50, "log_mel_l1": 0.1}')
    assert run_status(history).best == str(folder)
    (run / "checkpoints" / "best.json").write_text('{"step": 100}')
    assert run_status(history).best is None
    (folder / "training").mkdir()
    (folder / "training" / "state.pt").touch()
    assert f"wavegan train --resume {run}" in run_status(history, now=9000).line


def test_the_last_alarms_are_kept(tmp_path: Path) -> None:
    alarms = [{"kind": "alarm", "step": n, "text": f"alarm {n}"} for n in range(1, 6)]
    alarms[4] |= {"name": "collapse", "network": "generator", "action": "restart"}
    alarms[4] |= {"numbers": {"diversity": 0.1}}
    found = run_status(make(tmp_path / "a", train(50), *alarms)).to_dict()["alarms"]
    assert found[:2] == [{"step": 3, "text": "alarm 3"}, {"step": 4, "text": "alarm 4"}]
    assert (found[2]["step"], found[2]["name"]) == (5, "collapse")
    assert found[2]["numbers"] == {"diversity": 0.1}
    assert "10%" in found[2]["text"]


@pytest.mark.parametrize(
    ("step", "number", "wanted"),
    [(150, 1, 300), (150, 3, 900), (150, 4, 1000), (150, 5, None), (1000, 1, None)],
)
def test_when_validations_are_due(
    tmp_path: Path, step: int, number: int, wanted: int | None
) -> None:
    """Every 300 steps, and at the last of 1,000."""
    assert due(make(tmp_path / "a", train(step)), number) == wanted


def test_a_validation_that_was_made_is_due_when_it_was(tmp_path: Path) -> None:
    history = make(tmp_path / "a", train(310), {"kind": "validation", "step": 300})
    assert (due(history, 1), due(history, 2)) == (300, 600)


@pytest.mark.parametrize(
    ("seconds", "words"),
    [(0, "0 s"), (89, "89 s"), (90, "2 min"), (5399, "90 min"), (5400, "1.5 h"), (40000, "11 h"),
     (200000, "2 days"), (63072000, "2.0 years")],
)  # fmt: skip
def test_times_are_spoken(seconds: float, words: str) -> None:
    assert format_duration(seconds) == words
