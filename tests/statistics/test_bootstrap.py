"""Intervals of means: as wide as they should be, and covering as often as they say."""

import math

import numpy as np
import pytest

from wavegan.statistics.bootstrap import Interval, mean_interval


def test_of_many_values_it_is_the_normal_interval() -> None:
    values = np.random.default_rng(1).normal(3, 2, 400)
    found = mean_interval(list(values))
    half = 1.96 * values.std() / 20
    assert found.mean == pytest.approx(values.mean())
    assert found.low == pytest.approx(values.mean() - half, abs=0.1 * half)
    assert found.high == pytest.approx(values.mean() + half, abs=0.1 * half)


def test_it_covers_the_true_mean_about_as_often_as_it_says() -> None:
    rng = np.random.default_rng(2)
    intervals = [mean_interval(list(rng.exponential(1, 60))) for _ in range(200)]
    covered = sum(each.low <= 1 <= each.high for each in intervals)
    # 95 % of 200 is 190; skewed data cost a little, and chance is +-6
    assert 176 <= covered <= 198


def test_two_values_give_the_hull_of_their_resamples() -> None:
    """A quarter of the resamples is each value alone, so both quantiles are the values."""
    assert mean_interval([1.0, 3.0]) == Interval(2.0, 1.0, 3.0, 2)


def test_what_is_not_finite_is_left_out_and_counted() -> None:
    found = mean_interval([1.0, math.nan, 3.0, math.inf])
    assert (found.mean, found.n) == (2.0, 2)


def test_one_value_is_its_own_interval_and_none_is_nan() -> None:
    assert mean_interval([4.0]) == Interval(4.0, 4.0, 4.0, 1)
    nothing = mean_interval([math.nan])
    assert math.isnan(nothing.mean)
    assert nothing.to_dict() == {"mean": None, "ci95": [None, None], "n": 0}


def test_the_same_values_give_the_same_interval_and_a_lower_level_a_narrower_one() -> None:
    values = list(np.random.default_rng(3).normal(size=30))
    assert mean_interval(values) == mean_interval(values)
    wide, narrow = mean_interval(values), mean_interval(values, level=0.5)
    assert wide.low < narrow.low < narrow.mean < narrow.high < wide.high


def test_blocks_do_not_change_what_is_drawn() -> None:
    """3000 values are resampled in blocks; the interval is still the normal one."""
    values = np.random.default_rng(4).normal(size=3000)
    found = mean_interval(list(values))
    assert found.high - found.low == pytest.approx(2 * 1.96 * values.std() / 3000**0.5, rel=0.05)
