"""What is said of which figures."""

import math

import pytest

from wavegan.training import alarms


def figures(**changed: float) -> dict[str, float]:
    healthy = {
        "frechet": 10.0,
        "diversity": 0.9,
        "accuracy_real": 0.8,
        "accuracy_fake": 0.8,
        "accuracy_held_out": 0.75,
    }
    return {**healthy, **changed}


def test_a_healthy_run_raises_none() -> None:
    past = [figures(frechet=value) for value in (50, 30, 20, 15)]
    assert alarms.of(figures(), past) == []


def test_a_run_at_its_uniform_beginning_raises_none() -> None:
    assert alarms.of(figures(diversity=0.05), []) == []
    assert alarms.of(figures(diversity=0.05), [figures(diversity=0.1)] * 2) == []


def test_diversity_that_falls_is_a_collapse_at_once() -> None:
    (text,) = alarms.of(figures(diversity=0.2), [figures(diversity=0.7)])
    assert text.startswith("mode collapse: generated clips are 20% as diverse as real ones; ")
    assert "training.optimizer.lr" in text


def test_diversity_that_never_came_is_one_in_the_end() -> None:
    (text,) = alarms.of(figures(diversity=0.2), [figures(diversity=0.1)] * 3)
    assert text.startswith("mode collapse")


def test_a_d_that_wins_while_g_stands_still() -> None:
    winning = figures(accuracy_real=1.0, accuracy_fake=0.99, accuracy_held_out=0.9)
    (text,) = alarms.of(winning, [winning] * 3)
    assert text.startswith("D overwhelms G")
    assert alarms.of(winning, [winning] * 2) == []
    assert alarms.of({**winning, "frechet": 9.0}, [winning] * 3) == []
    assert alarms.of(winning, [winning, winning, figures()]) == []


def test_a_d_that_learnt_by_heart() -> None:
    (text,) = alarms.of(figures(accuracy_real=0.95, accuracy_held_out=0.5), [])
    assert "takes 50% of held-out clips for real, of training clips 95%" in text


def test_without_a_discriminator_only_diversity_is_judged() -> None:
    values = {"frechet": 1.0, "diversity": 0.1}
    assert len(alarms.of(values, [values] * 4)) == 1


@pytest.mark.parametrize("name", ["frechet", "diversity", "accuracy_real"])
def test_a_figure_that_is_none_raises_nothing_and_breaks_nothing(name: str) -> None:
    assert alarms.of(figures(), [figures(**{name: math.nan})] * 4) == []
