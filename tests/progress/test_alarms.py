"""Alarms and the figures that raise them."""

import json
import math
from collections.abc import Sequence

import pytest

from wavegan.progress import alarms, wording
from wavegan.progress.alarm import Alarm


def figures(**changed: float) -> dict[str, float]:
    healthy = {
        "frechet": 10.0,
        "diversity": 0.9,
        "accuracy_real": 0.8,
        "accuracy_fake": 0.8,
        "accuracy_held_out": 0.75,
    }
    return {**healthy, **changed}


def of(values: dict[str, float], past: Sequence[dict[str, float]]) -> list[Alarm]:
    return alarms.of(7, values, past)


def test_a_healthy_run_raises_none() -> None:
    past = [figures(frechet=value) for value in (50, 30, 20, 15)]
    assert of(figures(), past) == []


def test_a_run_at_its_uniform_beginning_raises_none() -> None:
    assert of(figures(diversity=0.05), []) == []
    assert of(figures(diversity=0.05), [figures(diversity=0.1)] * 2) == []


def test_diversity_that_falls_is_a_collapse_at_once() -> None:
    (alarm,) = of(figures(diversity=0.2), [figures(diversity=0.7)])
    assert (alarm.name, alarm.network, alarm.action) == ("collapse", "generator", "restart")
    assert (alarm.step, alarm.numbers) == (7, {"diversity": 0.2})
    what, remedy = wording.line(alarm).split("; ")
    assert "20%" in what
    assert "training.optimizer.lr" in remedy


def test_diversity_that_never_came_is_one_in_the_end() -> None:
    (alarm,) = of(figures(diversity=0.2), [figures(diversity=0.1)] * 3)
    assert alarm.name == "collapse"


def test_a_d_that_wins_while_g_stands_still() -> None:
    winning = figures(accuracy_real=1.0, accuracy_fake=0.99, accuracy_held_out=0.9)
    (alarm,) = of(winning, [winning] * 3)
    assert (alarm.name, alarm.network) == ("overpowering", "discriminator")
    assert alarm.action == "lower_rate"
    assert alarm.numbers == {"accuracy_real": 1.0, "accuracy_fake": 0.99, "frechet": 10.0}
    assert of(winning, [winning] * 2) == []
    assert of({**winning, "frechet": 9.0}, [winning] * 3) == []
    assert of(winning, [winning, winning, figures()]) == []


def test_a_d_that_learnt_memorized() -> None:
    (alarm,) = of(figures(accuracy_real=0.95, accuracy_held_out=0.5), [])
    assert (alarm.name, alarm.action) == ("memorized", "more_data")
    text = wording.line(alarm)
    assert text.index("50%") < text.index("95%")


def test_without_a_discriminator_only_diversity_is_judged() -> None:
    values = {"frechet": 1.0, "diversity": 0.1}
    assert len(of(values, [values] * 4)) == 1


@pytest.mark.parametrize("name", ["frechet", "diversity", "accuracy_real"])
@pytest.mark.parametrize("gone", [False, True])
def test_a_figure_that_is_none_raises_nothing_and_breaks_nothing(name: str, gone: bool) -> None:
    broken = figures(**{name: math.nan})
    if gone:
        del broken[name]
    assert of(figures(), [broken] * 4) == []
    assert of(broken, [figures()] * 4) == []
    winning = figures(accuracy_real=1.0, accuracy_fake=1.0, accuracy_held_out=0.9)
    assert of({**winning, name: math.nan}, [winning] * 4) == [] or name == "diversity"


RAISED = [
    *of(figures(diversity=0.2), [figures()]),
    *of(figures(accuracy_real=1.0, accuracy_fake=1.0, accuracy_held_out=0.5), []),
]


@pytest.mark.parametrize("alarm", RAISED, ids=lambda alarm: alarm.name)
def test_a_line_gives_back_the_alarm_that_it_was_written_of(alarm: Alarm) -> None:
    text = json.dumps({"step": 7, "text": "what older versions read", **alarm.to_dict()})
    found = Alarm.of_line(json.loads(text))
    assert (found.numbers, found.to_dict()) == (alarm.numbers, alarm.to_dict())
    assert wording.with_step(found) == wording.with_step(alarm)


@pytest.mark.parametrize(
    "fields",
    [
        {},
        {"name": "of a later version", "action": "restart", "numbers": {"x": 1.0}},
        {"name": "collapse", "action": "pray"},
        {"name": "collapse", "action": "restart", "network": "both"},
        {"name": "blind", "action": "restart", "network": "discriminator"},
    ],
)
def test_a_line_that_is_not_understood_keeps_its_text(fields: dict[str, object]) -> None:
    found = Alarm.of_line({"step": 7, "text": "odd; look", **fields})
    assert wording.with_step(found) == "alarm at step 7: odd; look"


def test_a_line_without_its_numbers_is_reported_too() -> None:
    line = {
        "step": 7,
        "text": "",
        "name": "memorized",
        "action": "more_data",
        "numbers": {"x": None},
    }
    found = Alarm.of_line(line)
    assert math.isnan(found.numbers["x"])
    assert "nan%" in wording.line(found)
