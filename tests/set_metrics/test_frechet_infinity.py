"""The extrapolated Fréchet distance: the remaining bias where the truth is known."""

import re

import pytest
import torch
from torch import Tensor

from wavegan.errors import UserError
from wavegan.set_metrics.frechet import Frechet
from wavegan.set_metrics.frechet_infinity import FrechetInfinity

TRIALS = 5


def gaussian(seed: int, count: int, deviation: Tensor, shift: float = 0.0) -> Tensor:
    random = torch.Generator().manual_seed(seed)
    noise = torch.randn(count, len(deviation), generator=random, dtype=torch.float64)
    return noise * deviation + shift


@pytest.mark.parametrize(("count", "dim"), [(60, 16), (200, 64), (400, 32)])
def test_it_comes_much_closer_to_the_truth_than_the_plain_distance(count: int, dim: int) -> None:
    """Gaussians of deviations s and 3/2 s, shifted: the truth is |m|^2 + sum (s / 2)^2."""
    deviation = torch.linspace(0.5, 1.5, dim, dtype=torch.float64)
    truth = dim * 0.3**2 + float((deviation / 2).square().sum())
    plain, found = [], []
    for seed in range(TRIALS):
        made = gaussian(2 * seed, count, 1.5 * deviation, 0.3)
        real = gaussian(2 * seed + 1, count, deviation)
        plain.append(Frechet()(made, real))
        found.append(FrechetInfinity()(made, real))
    assert min(plain) > truth
    bias = sum(plain) / TRIALS - truth
    left = sum(found) / TRIALS - truth
    assert abs(left) < bias / 4


def test_sets_of_one_distribution_give_about_nothing() -> None:
    """Below and above 0 alike, so it is not cut off there."""
    deviation = torch.ones(16, dtype=torch.float64)
    values, plain = [], []
    for seed in range(12):
        pair = gaussian(100 + seed, 120, deviation), gaussian(200 + seed, 150, deviation)
        values.append(FrechetInfinity()(*pair))
        plain.append(Frechet()(*pair))
    assert min(values) < 0 < max(values)
    assert abs(sum(values)) / 12 < 0.1 * sum(plain) / 12


def test_few_real_clips_bias_too_and_are_corrected_for() -> None:
    """1000 made clips against 60 real ones: shrinking the made ones alone would leave the bias."""
    deviation = torch.ones(12, dtype=torch.float64)
    values, plain = [], []
    for seed in range(TRIALS):
        pair = gaussian(seed, 1000, deviation), gaussian(50 + seed, 60, deviation)
        values.append(FrechetInfinity()(*pair))
        plain.append(Frechet()(*pair))
    assert abs(sum(values)) < 0.25 * sum(plain)


def test_sets_that_are_too_small_are_refused() -> None:
    one = torch.ones(4, dtype=torch.float64)
    with pytest.raises(UserError, match="39 made clips: this metric needs 40 or more"):
        FrechetInfinity()(gaussian(0, 39, one), gaussian(1, 40, one))
    with pytest.raises(UserError, match="39 real clips: this metric needs 40 or more"):
        FrechetInfinity()(gaussian(0, 40, one), gaussian(1, 39, one))
    assert isinstance(FrechetInfinity()(gaussian(0, 40, one), gaussian(1, 40, one)), float)


def test_so_are_sets_that_vary_in_more_directions_than_a_half_has_clips() -> None:
    """60 clips of 200 independent numbers: the participation ratio is N D / (N + D), about 46."""
    wide = torch.ones(200, dtype=torch.float64)
    with pytest.raises(UserError, match="60 made clips: half of them are too few") as refusal:
        FrechetInfinity()(gaussian(0, 60, wide), gaussian(1, 2000, wide))
    reported = re.search(r"about (\d+) directions", str(refusal.value))
    assert reported is not None
    assert int(reported[1]) == pytest.approx(60 * 200 / 260, abs=2)
    # as many numbers of which few vary much are no obstacle
    narrow = wide / torch.arange(1, 201)
    assert isinstance(FrechetInfinity()(gaussian(0, 60, narrow), gaussian(1, 60, narrow)), float)


def test_clips_that_are_all_one_are_a_point() -> None:
    point = torch.zeros(50, 3, dtype=torch.float64)
    assert FrechetInfinity()(point + 2, point) == pytest.approx(12)
