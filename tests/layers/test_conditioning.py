"""Labels: what is refused, what the norm keeps, what the projection adds."""

import pytest
import torch
from torch import Tensor

from wavegan.errors import UserError
from wavegan.layers.conditioning import ConditionalNorm, LabelProjection, check_labels


def test_labels_pass_as_int64_and_are_ignored_where_none_are_known() -> None:
    known = check_labels(torch.tensor([0, 4], dtype=torch.int32), 5, 2)
    assert known is not None
    assert known.dtype is torch.int64
    assert known.tolist() == [0, 4]
    assert check_labels(torch.tensor([99]), 0, 2) is None
    assert check_labels(None, 0, 2) is None


@pytest.mark.parametrize(
    ("label", "message"),
    [
        (None, "label is missing.* 5 labels: give 2 numbers from 0 to 4, one per clip"),
        (torch.tensor([0, 5]), "label 5 is not known: give 2 numbers from 0 to 4"),
        (torch.tensor([-1, 0]), "label -1 is not known"),
        (torch.tensor([1]), r"label has shape \(1,\): give 2 numbers from 0 to 4"),
        (torch.tensor([[1], [1]]), r"label has shape \(2, 1\)"),
        (torch.tensor([1.0, 2.0]), "label holds float32"),
        (torch.tensor([True, False]), "label holds bool"),
    ],
)
def test_other_labels_are_refused(label: Tensor | None, message: str) -> None:
    with pytest.raises(UserError, match=message):
        check_labels(label, 5, 2)


def test_the_norm_makes_each_position_unit_then_scales_and_shifts() -> None:
    norm = ConditionalNorm(2, 3)
    x = torch.tensor([[[3.0, 30.0], [4.0, 40.0]]])
    unit = torch.tensor([[[3.0, 3.0], [4.0, 4.0]]]) / 12.5**0.5
    torch.testing.assert_close(norm(x, torch.tensor([1])), unit)
    with torch.no_grad():
        norm.scale.weight[1] = torch.tensor([2.0, -1.0])
        norm.shift.weight[1] = torch.tensor([0.5, 7.0])
    expected = unit * torch.tensor([2.0, -1.0])[:, None] + torch.tensor([0.5, 7.0])[:, None]
    torch.testing.assert_close(norm(x, torch.tensor([1])), expected)
    torch.testing.assert_close(norm(x, torch.tensor([2])), unit)


def test_the_norm_looks_at_one_position_and_one_clip_at_a_time() -> None:
    torch.manual_seed(0)
    norm, x = ConditionalNorm(4, 2), torch.randn(3, 4, 10)
    label = torch.tensor([0, 1, 0])
    whole = norm(x, label)
    torch.testing.assert_close(norm(x[1:2, :, 3:5], label[1:2]), whole[1:2, :, 3:5])


def test_the_norm_is_finite_in_silence() -> None:
    norm, x = ConditionalNorm(4, 2), torch.zeros(1, 4, 3, requires_grad=True)
    norm(x, torch.tensor([0])).sum().backward()
    assert x.grad is not None
    assert x.grad.isfinite().all()


def test_the_projection_is_an_inner_product() -> None:
    projection = LabelProjection(3, 2)
    with torch.no_grad():
        projection.embedding.weight.copy_(torch.tensor([[1.0, 0, -1], [2, 2, 2]]))
    made = projection(torch.tensor([[1.0, 2, 3], [1, 2, 3]]), torch.tensor([0, 1]))
    assert made.tolist() == [[-2.0], [12.0]]


def test_at_the_start_it_adds_about_as_much_as_one_feature() -> None:
    torch.manual_seed(0)
    made = LabelProjection(10000, 200)(torch.randn(200, 10000), torch.arange(200))
    assert 0.8 < made.std() < 1.2
