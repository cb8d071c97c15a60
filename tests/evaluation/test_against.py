"""Comparisons of two systems: planted differences are found, random ones are not."""

import math

import numpy as np
import pytest

from wavegan.evaluation.against import differences, smallest_p


def clips(values: list[float]) -> dict[str, float]:
    return {str(n): value for n, value in enumerate(values)}


def test_a_planted_difference_is_found_and_chance_is_not() -> None:
    rng = np.random.default_rng(0)
    base = rng.normal(3, 1, 12)
    noise = rng.normal(0, 0.05, 12)
    ours = {
        "good": clips(list(base + 0.2)),
        "bad": clips(list(base + 0.2)),
        "same": clips(list(base + noise - noise.mean())),
    }
    others = {key: clips(list(base)) for key in ours}
    found = differences(ours, others, {"good": True, "bad": False, "same": True})
    assert [each.verdict for each in found.values()] == ["better", "worse", "no difference shown"]
    assert found["good"].difference.mean == pytest.approx(0.2)
    # all 12 of one sign: 2 of the 4096 patterns, times 3 metrics
    assert found["good"].p == 2 / 4096
    assert found["good"].p_holm == pytest.approx(6 / 4096)
    assert found["same"].p_holm > 0.5


def test_few_clips_can_show_nothing_and_say_so() -> None:
    ours, others = {"a": clips([1, 2, 3, 4, 5])}, {"a": clips([0, 0, 0, 0, 0])}
    found = differences(ours, others, {"a": True})["a"]
    assert (found.p, found.smallest) == (1 / 16, 1 / 16)
    assert found.verdict == "no difference shown"


def test_only_clips_of_both_with_values_count() -> None:
    ours = {"a": {"x": 1.0, "y": math.nan, "z": 3.0, "w": 1.0}}
    others = {"a": {"x": 0.5, "y": 0.0, "z": math.nan}}
    found = differences(ours, others, {"a": True})["a"]
    assert (found.difference.n, found.difference.mean) == (1, 0.5)
    assert found.p == 1
    nothing = differences({"a": {"x": 1.0}}, {"a": {"y": 1.0}}, {"a": True})["a"].to_dict()
    assert (nothing["n"], nothing["p"], nothing["mean_difference"]) == (0, None, None)
    assert nothing["verdict"] == "no difference shown"


def test_the_smallest_p() -> None:
    assert smallest_p(5) == 1 / 16
    assert smallest_p(1) == 1
    assert math.isnan(smallest_p(0))
    assert smallest_p(100) < 1e-4
