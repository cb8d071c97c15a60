"""Inception Score and label accuracy: predictions whose scores are known."""

import math

import pytest
import torch

from wavegan.errors import UserError
from wavegan.set_metrics._predictions import inception_score, label_accuracy


def test_sure_guesses_of_all_labels_score_the_number_of_labels() -> None:
    assert inception_score(torch.eye(7).repeat(3, 1), splits=1) == pytest.approx((7, 0))


def test_the_same_guess_for_every_clip_scores_1() -> None:
    for guess in ([0.2, 0.3, 0.5], [0.0, 0.0, 1.0]):
        assert inception_score(torch.tensor([guess] * 20)) == pytest.approx((1, 0))


def test_by_hand() -> None:
    """(3/4, 1/4) and its mirror image: exp(3/4 ln 3/2 + 1/4 ln 1/2)."""
    guesses = torch.tensor([[0.75, 0.25], [0.25, 0.75]])
    expected = math.exp(0.75 * math.log(1.5) + 0.25 * math.log(0.5))
    assert inception_score(guesses, splits=1)[0] == pytest.approx(expected)


def test_sets_sorted_by_label_are_shuffled_before_they_are_split() -> None:
    """Cut as they come, ten splits of one label each would score 1."""
    mean, deviation = inception_score(torch.eye(10).repeat_interleave(100, dim=0))
    assert 9 < mean < 10
    assert 0 < deviation < 0.5
    assert inception_score(torch.eye(10).repeat_interleave(100, dim=0)) == (mean, deviation)


def test_splits_are_all_the_clips() -> None:
    guesses = torch.eye(2)[[0, 0, 0, 1, 1]]
    with pytest.raises(UserError, match="splits is 6 for 5 clips"):
        inception_score(guesses, splits=6)
    assert inception_score(guesses, splits=5) == (1, 0)


def test_label_accuracy_is_the_share_of_right_guesses() -> None:
    guesses = torch.tensor([[0.9, 0.1], [0.4, 0.6], [0.8, 0.2], [0.5, 0.5]])
    assert label_accuracy(guesses, torch.tensor([0, 1, 1, 0])) == 0.75


def test_refusals() -> None:
    with pytest.raises(UserError, match="2 labels for 3 clips"):
        label_accuracy(torch.eye(3), torch.tensor([0, 1]))
    for wrong in (torch.tensor([[0.5, 0.6]]), torch.tensor([[1.5, -0.5]]), torch.eye(2) * math.nan):
        with pytest.raises(UserError, match="must be 0 or more and sum to 1"):
            inception_score(wrong, splits=1)
    with pytest.raises(UserError, match=r"are \(clips, labels\); got \(0, 3\)"):
        inception_score(torch.zeros(0, 3))
