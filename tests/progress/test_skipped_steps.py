"""Skipped steps, returns, vanished rates and a one-sided D are reported."""

import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from wavegan.progress.history import History
from wavegan.progress.skipped_steps import SkippedSteps
from wavegan.progress.verdict import run_verdict

Run = Callable[..., History]
FALLING = list(np.linspace(2.0, 1.0, 10))


def test_steps_that_were_left_out_are_counted_and_the_clip_is_named(run: Run) -> None:
    skips = tuple(
        {"step": 10 * n, "total": n, "terms": ["generator/mel"], "guilty": ["a/b.wav"]}
        for n in (1, 2, 3)
    )
    back = ({"step": 20, "from": 30, "number": 2, "rate": 0.25},)
    found = run_verdict(replace(run(FALLING), skips=skips, returns=back, rate=0.25))
    assert (found.skipped, found.returns) == (3, 2)
    for what in ("3 steps", "step 30", "generator/mel", "a/b.wav", "2 times", "x 0.25"):
        assert what in found.text
    assert found.action == run_verdict(run(FALLING)).action
    assert "left out" not in run_verdict(run(FALLING)).text


@pytest.mark.parametrize(
    ("later", "rate", "reported"),
    [
        ((), 0.5, "x 0.5 since"),
        ([{"kind": "start", "step": 4, "rate": 0.5}], 0.5, "x 0.5 since"),
        ([{"kind": "start", "step": 4}], 0.5, "x 0.5 since"),
        ([{"kind": "start", "step": 4, "rate": 1.0}], 1.0, "were set again"),
    ],
)
def test_a_return_is_reported_as_the_run_logs_it(
    later: Sequence[Mapping[str, object]], rate: float, reported: str, tmp_path: Path
) -> None:
    lines = [
        {"kind": "start", "step": 4, "rate": 1.0},
        {"kind": "return", "step": 4, "from": 8, "number": 1, "rate": 0.5, "why": "loss"},
        *later,
    ]
    (tmp_path / "recipe.yaml").write_text("inherit: tiny\n")
    (tmp_path / "metrics.jsonl").write_text("".join(f"{json.dumps(line)}\n" for line in lines))
    found = SkippedSteps.of(History.read(tmp_path))
    assert (found.returns, found.rate) == (1, rate)
    assert "returned to a checkpoint once" in found.sentence
    assert reported in found.sentence


def test_half_the_rate_is_half_of_what_it_was_lowered_to(run: Run) -> None:
    usual = run(FALLING, train={"generator/total": np.nan})
    said = [run_verdict(replace(usual, rate=rate)).text for rate in (1.0, 0.5)]
    assert "training.optimizer.lr=0.0001" in said[0]
    assert "training.optimizer.lr=5e-05" in said[1]


@pytest.mark.parametrize("odd", [None, "3", -1, [], {}, True, 1e300])
def test_odd_lines_count_for_what_they_have(run: Run, odd: object) -> None:
    line = {"step": 5, "total": odd, "terms": odd, "guilty": odd, "number": odd, "rate": odd}
    assert run_verdict(replace(run(FALLING), skips=(line,), returns=(line,))).text


def test_a_rate_next_to_nothing_is_said_whatever_it_was_before(run: Run) -> None:
    for rate, gone in ((1e-8, True), (9e-8, True), (2e-7, False)):
        found = run_verdict(run(FALLING, train={"rate/generator": rate}))
        assert ("learning rate is" in found.text) == gone, rate
    optimizer = {"optimizer": {"lr": 2e-4, "discriminator_lr": 5e-8}}
    found = run_verdict(run(FALLING, training=optimizer))
    assert (found.action, found.health["D"]) == ("restart", "rate gone")
    ended = run_verdict(run(FALLING, train={"rate/generator": 1e-8}, training={"steps": 10000}))
    assert "learning rate is" not in ended.text


@pytest.mark.parametrize("side", ["real", "fake"])
def test_a_d_that_says_the_same_of_everything(run: Run, side: str) -> None:
    other = "fake" if side == "real" else "real"
    pinned = {f"discriminator/accuracy_{side}": 1.0, f"discriminator/accuracy_{other}": 0.0}
    found = run_verdict(run(FALLING, train=pinned))
    assert (found.action, found.health["D"]) == ("restart", "one-sided")
