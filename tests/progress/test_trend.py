"""A trend's confidence is a probability: checked by hand, by counting, by simulation."""

import itertools
import math

import numpy as np
import pytest

from wavegan.progress.trend import SURE, falls, slope, trend, window


def test_four_that_fall_are_one_order_in_24() -> None:
    found = trend([1, 2, 3, 4], [4.0, 3.0, 2.0, 1.0])
    assert (found.direction, found.count, found.first) == ("falling", 4, 1)
    assert found.confidence == pytest.approx(23 / 24)


def test_one_pair_out_of_order_of_five() -> None:
    """S is -8: 1 order of 120 has S = -10 and 4 have S = -8."""
    assert falls(np.array([5.0, 4.0, 2.0, 3.0, 1.0])) == pytest.approx(1 - 5 / 120)


@pytest.mark.parametrize("count", [4, 5, 6, 7])
def test_counted_orders_are_those_that_are_gone_through(count: int) -> None:
    values = np.random.default_rng(count).standard_normal(count)
    pairs = list(itertools.combinations(range(count), 2))

    def score(order: tuple[float, ...]) -> float:
        return sum(math.copysign(1, order[j] - order[i]) for i, j in pairs)

    scores = [score(order) for order in itertools.permutations(values.tolist())]
    own = score(tuple(values))
    assert falls(values) == pytest.approx(1 - np.mean([s <= own for s in scores]))


def test_ties_are_gone_through_as_well() -> None:
    """Of the six orders of (2, 1, 1) by place two are (2, 1, 1): S is -2 in a third of them."""
    assert falls(np.array([2.0, 1.0, 1.0])) == pytest.approx(1 - 1 / 3)
    assert falls(np.ones(5)) == falls(np.ones(20)) == 0


def test_many_values_agree_with_kendalls_tau_of_scipy() -> None:
    stats = pytest.importorskip("scipy.stats")
    rng = np.random.default_rng(3)
    for count, digits in ((20, 3), (40, 3), (60, 3), (30, 1)):
        values = np.round(rng.standard_normal(count) - 0.02 * np.arange(count), digits)
        tied = len(set(values)) < count
        wanted = stats.kendalltau(
            np.arange(count), values, alternative="less", method="auto" if tied else "exact"
        ).pvalue
        # scipy's normal approximation lacks the correction for continuity
        assert falls(values) == pytest.approx(1 - wanted, abs=0.01 if tied or count > 50 else 1e-9)


@pytest.mark.parametrize("count", [4, 5, 6, 7, 12, 30, 60])
@pytest.mark.parametrize("scatter", [0.01, 0.1])
def test_noise_is_rarely_called_a_trend(count: int, scatter: float) -> None:
    """At most 1 in 20 of flat runs falls, as many rise; 400 runs of a fixed seed."""
    rng = np.random.default_rng(count)
    runs = 1 + scatter * rng.standard_normal((400, count))
    found = [trend(range(1, count + 1), values).direction for values in runs]
    bound = 0.05 + 2 * math.sqrt(0.05 * 0.95 / 400)  # two deviations of what 400 runs can tell
    assert found.count("falling") / 400 <= bound
    assert found.count("rising") / 400 <= bound


@pytest.mark.parametrize("count", [8, 20])
def test_a_fall_three_times_the_noise_is_seen(count: int) -> None:
    rng = np.random.default_rng(7)
    place = np.linspace(0, 1, count)
    runs = 1 - 0.3 * place + 0.1 * rng.standard_normal((200, count))
    found = [trend(range(count), values).direction for values in runs]
    assert found.count("falling") / 200 > (0.6 if count == 8 else 0.95)
    assert found.count("rising") == 0


def test_flat_is_a_finding_not_the_lack_of_one() -> None:
    rng = np.random.default_rng(0)
    still = trend(range(20), 1 + 0.001 * rng.standard_normal(20))
    assert (still.direction, still.margin) == ("flat", 0.02)
    assert still.confidence > SURE
    assert trend(range(6), 1 + 0.2 * rng.standard_normal(6)).direction == "unknown"
    assert trend(range(20), np.linspace(1, 0.97, 20)).direction == "falling"
    assert trend(range(20), np.linspace(1, 0.985, 20)).direction == "flat"


def test_the_change_is_that_from_the_first_to_the_last() -> None:
    halved = trend(range(9), (2.0 ** -np.linspace(0, 1, 9)).tolist())
    assert halved.change == pytest.approx(-0.5)
    risen = trend(range(9), (-1 + np.linspace(0, 0.2, 9)).tolist())
    assert risen.change == pytest.approx(0.2 / 0.9)
    assert risen.direction == "rising"
    assert risen.matters


def test_the_slope_is_a_median_that_an_outlier_does_not_move() -> None:
    place = np.arange(9.0)
    level = 3 - 2 * place
    level[4] = 100
    assert slope(place, level) == pytest.approx(-2)


def test_too_few_or_none_are_unknown() -> None:
    for values in ([], [1.0], [3.0, 2.0, 1.0], [4.0, math.nan, 3.0, 2.0]):
        found = trend(range(len(values)), values)
        assert found.direction == "unknown"
        assert math.isnan(found.confidence)


def test_the_window_is_the_last_doubling_but_five_at_least() -> None:
    assert window([1000 * n for n in range(1, 21)]) == 9  # from step 10,000
    assert window([1000, 2000, 3000, 4000, 5000, 6000]) == 1
    assert window([1000, 2000]) == 0
