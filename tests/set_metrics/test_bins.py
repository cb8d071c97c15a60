"""NDB and JS: clusters that are easy to count, and the z-test by hand."""

import math

import pytest
import torch
from scipy.stats import norm
from torch import Tensor

from wavegan.errors import UserError
from wavegan.set_metrics import _bins
from wavegan.set_metrics.js import Js
from wavegan.set_metrics.ndb import SIGNIFICANT, Ndb

CORNERS = torch.tensor([[0.0, 0.0], [9.0, 0.0], [0.0, 9.0], [9.0, 9.0]])


def heaps(*counts: int, seed: int = 0) -> Tensor:
    """This many clips around each corner of a square, never nearer to another one."""
    centres = CORNERS[: len(counts)].repeat_interleave(torch.tensor(counts), dim=0)
    random = torch.Generator().manual_seed(seed)
    return centres + 0.3 * torch.randn(centres.shape, generator=random)


def test_bins_are_the_heaps() -> None:
    made, real = _bins.occupancy(
        heaps(5, 0, 7, 1, seed=1).double(), heaps(40, 30, 20, 10).double(), 4
    )
    assert sorted(zip(real.tolist(), made.tolist(), strict=True)) == [
        (10, 1),
        (20, 7),
        (30, 0),
        (40, 5),
    ]


def test_a_dimension_with_large_numbers_does_not_decide_alone() -> None:
    """Numbers 1000 times as large would decide the clusters alone; scaled, the heaps win."""
    random = torch.Generator().manual_seed(0)
    noise = 1e4 * torch.rand(120, 1, generator=random)
    real = torch.cat([heaps(80, 0, 0, 40), noise], dim=1).double()
    made, all_real = _bins.occupancy(real[:80], real, 2)
    assert sorted(zip(all_real.tolist(), made.tolist(), strict=True)) == [(40, 0), (80, 80)]


def test_the_number_of_bins_by_itself_leaves_ten_clips_a_bin() -> None:
    random = torch.randn(1200, 2, generator=torch.Generator().manual_seed(0)).double()
    for count, bins in ((8, 2), (125, 12), (1200, 50)):
        assert len(_bins.occupancy(random, random[:count], None)[0]) == bins


def test_every_bin_holds_a_real_clip_where_most_clips_are_equal() -> None:
    real = torch.cat([torch.zeros(50, 2), heaps(1, 1, 1, 1), torch.full((30, 2), 4.0)]).double()
    assert bool((_bins.occupancy(real, real, 6)[1] > 0).all())
    with pytest.raises(UserError, match=r"bins is 7, but .* only 6 different real clips"):
        _bins.occupancy(real, real, 7)


def test_k_means_finds_every_heap() -> None:
    """On a grid of nine heaps every centre finds one: k-means++ spreads them."""
    grid = torch.cartesian_prod(*[torch.arange(3.0) * 10] * 2).repeat_interleave(20, dim=0)
    real = grid + 0.2 * torch.randn(grid.shape, generator=torch.Generator().manual_seed(1))
    assert _bins.occupancy(real.double(), real.double(), 9)[1].tolist() == [20] * 9


def test_the_z_test_by_hand() -> None:
    """Real 50 and 50. With 60 to 40 made, z = 0.1 / sqrt(0.55 0.45 / 50) = 1.42; 64: 2.00."""
    real = heaps(50, 50)
    assert Ndb(2)(heaps(60, 40, seed=1), real) == 0
    assert Ndb(2)(heaps(63, 37, seed=1), real) == 0  # z = 1.856
    assert Ndb(2)(heaps(64, 36, seed=1), real) == 1  # z = 2.0
    assert pytest.approx(norm.isf(0.025), rel=1e-12) == SIGNIFICANT


def test_a_missed_heap_is_a_different_bin_and_so_is_the_one_that_replaces_it() -> None:
    assert Ndb(4)(heaps(50, 25, 25, 0, seed=1), heaps(25, 25, 25, 25)) == 2 / 4


def test_real_against_real_differs_by_chance_only() -> None:
    draw = torch.Generator().manual_seed(2)
    shares = [
        Ndb(10)(torch.randn(200, 4, generator=draw), torch.randn(2000, 4, generator=draw))
        for _ in range(10)
    ]
    assert 0 < sum(shares) / 10 < 0.12


def test_js_by_hand() -> None:
    """p = (1/2, 1/2), q = (1, 0): (ln 4/3 + (ln 2/3 + ln 2) / 2) / 2 nats."""
    expected = (math.log(4 / 3) + 0.5 * math.log(2 / 3) + 0.5 * math.log(2)) / 2
    assert Js(2)(heaps(30, 0, seed=1), heaps(50, 50)) == pytest.approx(expected)


def test_js_of_sets_that_share_almost_no_bin_nears_ln_2() -> None:
    worst = Js(2)(heaps(0, 80, seed=1), heaps(999, 1))
    assert math.log(2) - 0.01 < worst < math.log(2)


@pytest.mark.parametrize("kind", [Ndb, Js])
def test_one_bin_compares_nothing(kind: type[Ndb] | type[Js]) -> None:
    with pytest.raises(UserError, match="bins is 1: give 2 or more"):
        kind(bins=1)
