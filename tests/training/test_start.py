"""The log line of every start and resume, and the verdict during training."""

import json
from pathlib import Path
from typing import Any

import pytest

from wavegan import recipe
from wavegan.cli.console import Silent
from wavegan.interrupt import Interrupt
from wavegan.progress.history import History
from wavegan.progress.verdict import run_verdict
from wavegan.training import setup


class Hearing(Silent):
    def __init__(self) -> None:
        self.notes: list[str] = []

    def note(self, text: str) -> None:
        self.notes.append(text)


@pytest.fixture(scope="module")
def resumed(tmp_path_factory: pytest.TempPathFactory, small: str, speech: Path) -> Any:
    """A run of two steps, resumed to four, and the notes of the second start."""
    run, heard = tmp_path_factory.mktemp("start") / "run", Hearing()
    first = recipe.load(small, [f"data.folder={speech}", "training.steps=2"])
    setup.prepare(first, run, device="cpu", listener=Silent()).train(Interrupt())
    second = recipe.load(str(run / "recipe.yaml"), ["training.steps=4"])
    made = setup.prepare(second, run, device="cpu", resume=True, listener=heard)
    made.train(Interrupt())
    return run, made, heard.notes


def test_each_start_says_on_what(resumed: Any, speech: Path) -> None:
    run, made, _ = resumed
    lines = [json.loads(line) for line in (run / "metrics.jsonl").read_text().splitlines()]
    starts = [(place, line) for place, line in enumerate(lines) if line["kind"] == "start"]
    assert [line["step"] for _, line in starts] == [0, 2]
    assert starts[0][0] == 0
    start = starts[1][1]
    assert start["processes"] == 1
    assert (start["device"], start["precision"]) == ("cpu", "no")
    assert start["parameters"] == {
        name: sum(p.numel() for p in network.parameters())
        for name, network in made.train_state.networks.items()
    }
    clips = len(list(speech.glob("*.flac")))
    assert start["data"]["clips"] + start["data"]["held_out"] == clips
    assert start["data"]["held_out"] == 2
    assert start["data"]["fingerprint"] == made.train_state.progress.data
    assert start["machine"]["cores"] > 0
    assert {"python", "torch", "wavegan"} <= start["versions"].keys()
    assert start["time"].endswith("+00:00")
    assert History.read(run).starts == (starts[0][1], start)


def test_d_s_accuracy_is_written_down(resumed: Any) -> None:
    history = History.read(resumed[0])
    for side in ("real", "fake"):
        steps, shares = history.series("train", f"discriminator/accuracy_{side}")
        assert steps == [1, 2, 3, 4]
        assert all(0 <= share <= 1 for share in shares)


def test_the_verdict_is_reported_at_the_end(resumed: Any) -> None:
    run, made, notes = resumed
    verdict = run_verdict(History.read(run))
    assert notes[-1] == verdict.text
    assert made.adviser.last == verdict
    assert notes.count(verdict.text) == 1
