"""The Fréchet distance: Gaussians with known distances, and the textbook formula by scipy."""

import numpy as np
import pytest
import torch
from scipy.linalg import sqrtm
from torch import Tensor

from wavegan.set_metrics.frechet import Frechet


def clips(seed: int, count: int, dim: int) -> Tensor:
    random = torch.Generator().manual_seed(seed)
    mixed = torch.randn(dim, dim, generator=random, dtype=torch.float64)
    shift = torch.randn(dim, generator=random, dtype=torch.float64)
    return torch.randn(count, dim, generator=random, dtype=torch.float64) @ mixed + shift


def textbook(made: Tensor, real: Tensor) -> float:
    first, second = np.cov(made.T.numpy()), np.cov(real.T.numpy())
    root = sqrtm(first @ second).real
    apart = ((made.mean(0) - real.mean(0)) ** 2).sum().item()
    return float(apart + np.trace(first + second - 2 * root))


@pytest.mark.parametrize(("count", "dim"), [(400, 3), (300, 24), (30, 24)])
def test_agrees_with_the_matrix_root_of_scipy(count: int, dim: int) -> None:
    made, real = clips(0, count, dim), clips(1, count + 7, dim)
    assert Frechet()(made, real) == pytest.approx(textbook(made, real), rel=1e-8)


def test_by_hand() -> None:
    """In one dimension it is (m1 - m2)^2 + (s1 - s2)^2: here 3^2 + (2 - 1)^2."""
    real = torch.tensor([[-1.0], [1.0]]) / 2**0.5
    made = 2 * real + 3
    assert Frechet()(made, real) == pytest.approx(10)


def test_fewer_clips_than_numbers() -> None:
    """Two sets of two clips, spread along two axes at a right angle: only variances add up."""
    made, real = torch.zeros(2, 50), torch.zeros(2, 50)
    made[:, 0] = torch.tensor([-1.0, 1.0])
    real[:, 1] = torch.tensor([-2.0, 2.0])
    assert Frechet()(made, real) == pytest.approx(2 + 8)
    assert Frechet()(made, made * 2) == pytest.approx(2)


def test_a_small_set_scores_worse_than_a_large_one_of_the_same_kind() -> None:
    """The bias that its description warns of."""
    draw = torch.Generator().manual_seed(0)
    real = torch.randn(2000, 10, generator=draw)
    more = torch.randn(2000, 10, generator=draw)
    large, small = Frechet()(more, real), Frechet()(more[:50], real)
    assert 0 < large < 0.1 < small
