"""The sign-flip test against its definition, scipy and its own null; Holm by hand."""

import itertools
import math

import numpy as np
import pytest

from wavegan.statistics import paired
from wavegan.statistics.paired import holm, sign_flip


def exact(differences: list[float]) -> float:
    patterns = list(itertools.product((-1, 1), repeat=len(differences)))
    found = abs(sum(differences))
    sums = [abs(sum(s * d for s, d in zip(p, differences, strict=True))) for p in patterns]
    return sum(total >= found * (1 - 1e-12) for total in sums) / len(patterns)


def test_five_of_one_sign_give_a_sixteenth() -> None:
    assert sign_flip([0.1, 0.2, 0.3, 0.4, 0.5]) == 2 / 32
    assert sign_flip([-0.1, -0.2, -0.3, -0.4, -0.5]) == 2 / 32


def test_few_pairs_are_counted_exactly() -> None:
    differences = [0.4, -0.1, 0.3, 0.2, -0.25, 0.6]
    assert sign_flip(differences) == exact(differences)


def test_it_agrees_with_scipy() -> None:
    stats = pytest.importorskip("scipy.stats")
    differences = list(np.random.default_rng(0).normal(0.3, 1, 12))
    theirs = stats.permutation_test(
        (differences,), np.mean, permutation_type="samples", n_resamples=np.inf
    )
    assert sign_flip(differences) == pytest.approx(theirs.pvalue)


def test_random_patterns_come_near_all_patterns() -> None:
    differences = list(np.random.default_rng(5).normal(0.4, 1, paired.EXACT + 1))
    # 20,000 draws: three standard errors of a share p
    p = exact(differences)
    assert sign_flip(differences) == pytest.approx(p, abs=3 * (p * (1 - p) / 20_000) ** 0.5)


def test_many_clips_fit_in_memory_in_blocks(monkeypatch: pytest.MonkeyPatch) -> None:
    differences = list(np.random.default_rng(6).normal(0.05, 1, 400))
    whole = sign_flip(differences)
    monkeypatch.setattr(paired, "BLOCK", 1000 * 400)
    assert sign_flip(differences) == pytest.approx(whole, abs=0.02)


def test_p_is_uniform_where_there_is_no_difference() -> None:
    rng = np.random.default_rng(7)
    p_values = [sign_flip(list(rng.normal(0, 1, 10))) for _ in range(400)]
    # 5 % of 400 is 20, and chance is +-9
    assert 9 <= sum(p <= 0.05 for p in p_values) <= 31


def test_values_that_are_not_finite_count_for_nothing() -> None:
    assert sign_flip([0.1, math.nan, 0.2, math.inf]) == sign_flip([0.1, 0.2])
    assert math.isnan(sign_flip([math.nan]))
    assert sign_flip([0.0, 0.0]) == 1


def test_holm_by_hand() -> None:
    # .005 x 4, .01 x 3, .03 x 2, and never less than the one before
    assert holm([0.01, 0.04, 0.03, 0.005]) == pytest.approx([0.03, 0.06, 0.06, 0.02])
    found = holm([0.2, math.nan, 0.9])
    assert found[0] == pytest.approx(0.4)
    assert math.isnan(found[1])
    assert found[2] == 0.9
    assert holm([0.7, 0.8]) == [1.0, 1.0]
