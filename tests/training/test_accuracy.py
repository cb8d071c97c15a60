"""D's share of right answers, counted by hand."""

import torch

from wavegan.training.accuracy import accuracy


def test_shares_of_right_answers_each_judge_counts_alike() -> None:
    """Around 0.5: reals 3 of 4 and 1 of 2 right, fakes 1 of 4 and 2 of 2."""
    real = [torch.tensor([[0.6, 0.9], [2.0, 0.4]]), torch.tensor([0.7, -1.0])]
    fake = [torch.tensor([[0.6, 0.9], [2.0, 0.4]]), torch.tensor([0.1, 0.2])]
    found = accuracy(real, fake, neutral=0.5)
    assert {name: value.item() for name, value in found.items()} == {
        "discriminator/accuracy_real": (0.75 + 0.5) / 2,
        "discriminator/accuracy_fake": (0.25 + 1.0) / 2,
    }


def test_without_a_neutral_logit_pairs_are_compared() -> None:
    real, fake = [torch.tensor([5.0, 6.0, 7.0, 8.0])], [torch.tensor([4.0, 7.0, 6.0, 7.0])]
    found = accuracy(real, fake, neutral=None)
    assert found["discriminator/accuracy_pairs"].item() == 0.75
    assert list(found) == ["discriminator/accuracy_pairs"]


def test_who_cannot_tell_is_right_half_of_the_time() -> None:
    zeros = [torch.zeros(3, 2)]
    found = accuracy(zeros, zeros, neutral=0.0) | accuracy(zeros, zeros, neutral=None)
    assert {value.item() for value in found.values()} == {0.5}


def test_it_leaves_no_graph_and_spoils_no_message_of_what_is_not_finite() -> None:
    real = [torch.tensor([float("nan"), 1.0], requires_grad=True)]
    found = accuracy(real, [torch.tensor([-1.0, -1.0])], neutral=0.0)
    assert all(value.isfinite() and not value.requires_grad for value in found.values())
