"""Stored curves: which run they are for, and what they have at a step."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest
import yaml

from wavegan import recipe
from wavegan.progress import typical
from wavegan.progress.history import History

STORED = typical.curves()


def history(name: str, *overrides: str, start: Mapping[str, Any] | None = None) -> History:
    known = yaml.safe_load(recipe.dump(recipe.load(name, overrides)))
    starts = () if start is None else ({"kind": "start", "step": 0, **start},)
    return History(Path("runs/a"), known, (), (), (), starts)


def test_there_are_some() -> None:
    assert {curve["recipe"] for curve in STORED} >= {"tiny", "digits-cpu", "drums-cpu"}


@pytest.mark.parametrize("stored", STORED, ids=lambda stored: str(stored["recipe"]))
def test_a_curve_is_of_the_recipe_as_it_is_packaged(stored: Mapping[str, Any]) -> None:
    """If the recipe changes, its curve is of another recipe: measure it again."""
    found = typical.curve(history(stored["recipe"]), stored["metric"])
    assert found == stored
    steps = [step for step, _ in stored["points"]]
    assert steps == sorted(set(steps))
    assert steps[-1] == stored["steps"] == recipe.load(stored["recipe"], []).training.steps
    assert all(stored[key] for key in ("machine", "command", "steps_a_second"))
    assert all(stored["data"][key] for key in ("name", "clips", "seconds", "held_out"))


def test_values_lie_between_by_logarithms() -> None:
    """Of digits-cpu: 5.19252 at 1,000 and 4.56032 at 2,000."""
    made = history("digits-cpu")
    at = typical.typical(made, "frechet", 1000)
    between = typical.typical(made, "frechet", 1414)
    assert at is not None
    assert between is not None
    assert at.value == pytest.approx(5.19, abs=0.005)
    assert between.value == pytest.approx((5.19252 * 4.56032) ** 0.5, rel=1e-3)


def test_before_the_curve_there_is_nothing_and_after_it_its_end() -> None:
    made = history("digits-cpu", "training.steps=50000")
    assert typical.typical(made, "frechet", 999) is None
    after = typical.typical(made, "frechet", 40000)
    assert after is not None
    assert (after.at, after.steps, after.same_data) == (10000, 10000, False)
    assert after.value == pytest.approx(0.989, abs=0.001)


@pytest.mark.parametrize(
    "override",
    [
        "generator.dim=96",
        "penalties.r1.gamma=2",
        "training.batch_size=16",
        "training.optimizer.lr=1e-4",
        "data.segment=8192",
        "objective.name=hinge",
        "audio.sample_rate=16000",
    ],
)
def test_another_recipe_has_none(override: str) -> None:
    assert typical.typical(history("digits-cpu", override), "frechet", 2000) is None


@pytest.mark.parametrize(
    "override",
    ["description=mine", "training.steps=500", "training.seed=1", "data.folder=/my/digits"],
)
def test_the_place_of_the_data_and_the_number_of_steps_do_not_matter(override: str) -> None:
    assert typical.typical(history("digits-cpu", override), "frechet", 2000) is not None


def test_a_run_from_a_model_has_none() -> None:
    made = history("tiny", "training.init_from=runs/b")
    assert typical.typical(made, "log_mel_l1", 2000) is None


def test_the_same_files_are_known_by_their_fingerprint() -> None:
    (stored,) = (curve for curve in STORED if curve["recipe"] == "tiny")
    for mark, same in ((stored["data"]["fingerprint"], True), ("another", False)):
        made = history("tiny", start={"data": {"fingerprint": mark}})
        found = typical.typical(made, "log_mel_l1", 2000)
        assert found is not None
        assert found.same_data is same
