"""Minibatch deviation: values by hand, groups, finite slopes where clips are alike."""

import pytest
import torch
from torch import Tensor

from wavegan.errors import UserError
from wavegan.layers.minibatch_std import MinibatchStd


def maps(*values: float) -> Tensor:
    """One constant clip `(2, 3)` for each value."""
    return torch.tensor(values, dtype=torch.float32).reshape(-1, 1, 1).expand(-1, 2, 3).clone()


def test_known_values() -> None:
    x = maps(1, 3)
    x[:, 1] *= 3  # deviations among the two clips: 1 in one channel, 3 in the other
    made = MinibatchStd(2)(x)
    assert made.shape == (2, 3, 3)
    assert torch.equal(made[:, :2], x)
    torch.testing.assert_close(made[:, 2], torch.full((2, 3), 2.0))


def test_groups_of_neighbours() -> None:
    made = MinibatchStd(2)(maps(0, 2, 10, 30))[:, -1, 0]
    torch.testing.assert_close(made, torch.tensor([1.0, 1.0, 10.0, 10.0]))


def test_a_batch_that_is_no_multiple_falls_into_nearly_equal_groups() -> None:
    made = MinibatchStd(4)(maps(0, 3, 6, 0, 2))[:, -1, 0]
    torch.testing.assert_close(made, torch.tensor([6.0**0.5] * 3 + [1.0] * 2))


def test_a_batch_smaller_than_the_group_is_one_group() -> None:
    made = MinibatchStd(4)(maps(0, 2))[:, -1, 0]
    torch.testing.assert_close(made, torch.tensor([1.0, 1.0]))


def test_clips_that_are_alike_have_finite_first_and_second_derivatives() -> None:
    for x in (maps(1), maps(1, 1, 1)):
        x.requires_grad_()
        (slope,) = torch.autograd.grad(MinibatchStd(4)(x).sum(), x, create_graph=True)
        slope.square().sum().backward()
        assert x.grad is not None
        assert x.grad.isfinite().all()


def test_deviation_is_computed_in_float32() -> None:
    """Half precision cannot represent 1e-8: the slope would be infinite."""
    x = maps(1, 1).half().requires_grad_()
    made = MinibatchStd(4)(x)
    assert made.dtype is torch.float16
    torch.testing.assert_close(made[:, -1].float(), torch.full((2, 3), 1e-4), rtol=1e-3, atol=0)
    made.sum().backward()
    assert x.grad is not None
    assert x.grad.isfinite().all()


def test_a_group_of_one_is_refused() -> None:
    with pytest.raises(UserError, match=r"minibatch_std 1 .* at least 2"):
        MinibatchStd(1)
