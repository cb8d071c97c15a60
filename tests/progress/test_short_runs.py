"""A run of few steps or few validations: no claims that cannot be known."""

import math
import re
from collections.abc import Callable
from dataclasses import replace
from typing import Any

import numpy as np
import pytest

from wavegan.progress.alarm import Alarm
from wavegan.progress.history import History
from wavegan.progress.thresholds import EARLY
from wavegan.progress.verdict import RunVerdict, run_verdict

Run = Callable[..., History]
FALLING = [0.3 + 0.5 / n for n in range(1, 13)]
CLAIMS = (
    r"\b(falling|rising|flat|falls?|rises?)\b",
    r"(?i)plateau|level(s)? out|overfit|gets worse|overpower|explode|vanish",
    r"\b(is|are) healthy[.;]",
    r"(?i)\bstop\b|\bcontinue\b|done:|lower training|restart|more recordings",
)
"""What takes more than a few steps, or validations, to be said."""


def squeezed(history: History, factor: int) -> History:
    """The same lines at steps so many times smaller."""

    def lines(found: tuple[Any, ...]) -> tuple[Any, ...]:
        return tuple({**line, "step": max(1, int(line["step"]) // factor)} for line in found)

    kinds = ("train", "validation")
    alarms = tuple(replace(a, step=max(1, a.step // factor)) for a in history.alarms)
    found = {kind: lines(getattr(history, kind)) for kind in kinds}
    return replace(history, alarms=alarms, **found)


def says_too_much(found: RunVerdict) -> list[str]:
    return [claim for claim in CLAIMS if re.search(claim, found.text)]


@pytest.mark.parametrize("ended", [False, True])
@pytest.mark.parametrize("metric", ["log_mel_l1", "frechet"])
@pytest.mark.parametrize("values", [0, 1, 2, 4, 12])
def test_a_run_of_a_few_steps(run: Run, values: int, metric: str, ended: bool) -> None:
    """A validation at every step, or at none, of at most twelve."""
    steps = 12 if ended else 20000
    made = run(
        FALLING[:values], metric=metric, windows=240, training={"validate_every": 1, "steps": steps}
    )
    found = run_verdict(squeezed(made, 1000))
    assert says_too_much(found) == []
    assert (found.trend, found.plateau_step) == ("unknown", None)
    assert math.isnan(found.confidence)
    assert found.action == ("stop" if ended else "wait")
    assert set(found.health.values()) == {"too early to tell"}
    if ended:
        assert "Listen to its samples" in found.text
        # as many steps as it takes to say more
        assert f"wavegan train --resume runs/a training.steps={EARLY}" in found.text
    elif values:
        assert f"a trend needs {EARLY} steps, in about {(EARLY - 12) / 10:.0f} s" in found.text


def test_a_run_that_will_be_too_short_is_reported(run: Run) -> None:
    made = squeezed(run(FALLING[:4], training={"validate_every": 1, "steps": 9}), 1000)
    assert "too short for a trend, which needs 200 steps (training.steps)" in run_verdict(made).text


@pytest.mark.parametrize("made", [1, 2, 3])
def test_a_long_run_of_few_validations(run: Run, made: int) -> None:
    found = run_verdict(run(FALLING[:made], training={"steps": 1000 * made}))
    assert re.search(CLAIMS[0], found.text) is None
    assert re.search(CLAIMS[1], found.text) is None
    assert f"{made} of 4 required validations" in found.text
    assert "training.steps=4000" in found.text
    assert "D and G are healthy." in found.text  # 20 windows between validations
    assert ("(its first)" in found.text) == (made == 1)


def test_few_windows_tell_nothing_of_health(run: Run) -> None:
    """Like the quick start: one validation, at the end, and a window every 50 steps."""
    nobody = {"discriminators": {}}
    ends = {"steps": 450, "validate_every": 450}
    made = run([], windows=9, training=ends, recipe=nobody)
    line = {"kind": "validation", "step": 450, "log_mel_l1": 0.08}
    found = run_verdict(replace(made, validation=(line,)))
    assert "Whether G is healthy is too early to tell (9 of 20 required windows" in found.text
    assert "there is no D." in found.text
    assert "training.steps=1800" in found.text
    assert says_too_much(found) == []


def test_a_loss_that_is_not_finite_is_one_at_once(run: Run) -> None:
    made = run([], windows=1, train={"generator/total": math.nan, "generator/mel": math.nan})
    assert run_verdict(squeezed(made, 50)).action == "restart"


def test_alarms_and_troubles_of_the_first_steps_decide_nothing(run: Run) -> None:
    norms = np.r_[np.full(200, 5.0), np.full(40, 5e4)]
    alarm = Alarm("collapse", "generator", "restart", 12000, {"diversity": 0.03}, "validation")
    given = {"training": {"validate_every": 1000}, "train": {"generator/grad_norm": norms}}
    made = run([1.0] * 12, metric="frechet", alarms=[alarm], **given)
    assert run_verdict(made).action == "lower_rate"
    assert run_verdict(squeezed(made, 1000)).action == "wait"


def test_a_rate_that_warms_up_is_waited_for(run: Run) -> None:
    warm = {"schedule": {"name": "constant", "warmup": 8000}}
    made = run([0.5] * 7, training=warm)
    assert run_verdict(made).action == "wait"
    assert "8,000 steps are required" in run_verdict(made).text
    assert run_verdict(run([0.5] * 9, training=warm)).trend == "flat"
