"""Diversity and nearest neighbours: triangles and lines whose distances are known."""

import pytest
import torch

from wavegan.set_metrics.diversity import Diversity
from wavegan.set_metrics.nearest_neighbour import NearestNeighbour

TRIANGLE = torch.tensor([[0.0, 0.0], [3.0, 0.0], [0.0, 4.0]])
"""Sides 3, 4 and 5: 4 on average; nearest others 3, 3 and 4."""


def test_diversity_is_the_ratio_of_mean_distances() -> None:
    line = torch.tensor([[1.0, 1.0], [1.0, 3.0]])
    assert Diversity()(line, TRIANGLE) == pytest.approx(2 / 4)
    assert Diversity()(TRIANGLE * 1.5, TRIANGLE) == pytest.approx(1.5)


def test_one_clip_again_and_again_has_none() -> None:
    assert Diversity()(torch.ones(9, 2), TRIANGLE) == 0


def test_nearest_neighbour_is_measured_by_how_near_real_clips_are() -> None:
    """(0, 1) is 1 from the corner, (3, 5) is sqrt(10) from (0, 4); real ones 10/3 on average."""
    made = torch.tensor([[0.0, 1.0], [3.0, 5.0]])
    expected = ((1 + 10**0.5) / 2) / (10 / 3)
    assert NearestNeighbour()(made, TRIANGLE) == pytest.approx(expected)


def test_copies_are_exactly_0_apart_also_far_from_the_origin() -> None:
    far = 1e4 + torch.randn(60, 37, generator=torch.Generator().manual_seed(0))
    assert NearestNeighbour()(far[[2, 0, 0, 59]], far) == 0
    exact = far.double()
    moved = exact + torch.tensor([1e-5] + [0] * 36)
    distances = (exact[:, None] - exact).norm(dim=2)
    usual = distances.fill_diagonal_(torch.inf).amin(1).mean()
    assert NearestNeighbour()(moved, far) == pytest.approx(1e-5 / float(usual), rel=1e-3)


def test_half_copies_give_half() -> None:
    new = torch.tensor([[-10 / 3, 0.0]])
    assert NearestNeighbour()(torch.cat([TRIANGLE[:1], new]), TRIANGLE) == pytest.approx(0.5)
