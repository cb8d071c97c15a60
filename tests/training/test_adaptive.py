"""The controller of augmentation: speed, bounds, resuming, and its input."""

from dataclasses import asdict

import pytest
import torch

from wavegan.errors import UserError
from wavegan.training.adaptive import Adaptive, Strength, accuracy, real_sign


def sign(value: float) -> torch.Tensor:
    return torch.tensor(value)


def test_p_goes_from_0_to_1_and_back_in_the_clips_given() -> None:
    """1600 clips are 100 turns of 16, 25 adjustments of 0.04."""
    adaptive = Adaptive(16, adjustment_clips=1600, most=1.0)
    course = [adaptive.observe(sign(0.9)) for _ in range(100)]
    assert course[:8] == pytest.approx([0, 0, 0, 0.04, 0.04, 0.04, 0.04, 0.08])
    assert course[98] < 1
    assert course[99] == pytest.approx(1.0)
    back = [adaptive.observe(sign(0.5)) for _ in range(100)]
    assert back[98] > 0
    assert back[99] == pytest.approx(0, abs=1e-12)


def test_the_default_speed_is_that_of_the_documentation() -> None:
    adaptive = Adaptive(16)
    for _ in range(100_000 // 16 // 10):
        adaptive.observe(sign(1.0))
    assert adaptive.p == pytest.approx(0.1, abs=16 * 4 / 100_000)


def test_it_stays_within_0_and_most() -> None:
    adaptive = Adaptive(16, adjustment_clips=100, every=1)
    up = [adaptive.observe(sign(1.0)) for _ in range(20)]
    assert max(up) == up[-1] == 0.8
    down = [adaptive.observe(sign(-1.0)) for _ in range(20)]
    assert min(down) == down[-1] == 0.0


def test_the_mean_of_the_turns_decides() -> None:
    """(0.9 + 0.1 + 0.9 + 0.4) / 4 = 0.575 is below 0.6, with 0.6 for 0.4 it is above."""
    for last, expected in ((0.4, 0.0), (0.6, 0.04)):
        adaptive = Adaptive(16, adjustment_clips=1600)
        for value in (0.9, 0.1, 0.9, last):
            adaptive.observe(sign(value))
        assert adaptive.p == pytest.approx(expected)


def test_at_the_target_nothing_moves() -> None:
    adaptive = Adaptive(16, adjustment_clips=1600, target=0.5, every=1)
    assert adaptive.observe(sign(0.75)) > 0
    before = adaptive.p
    assert adaptive.observe(sign(0.5)) == before


def test_it_settles_where_augmentation_brings_the_sign_to_the_target() -> None:
    """A D whose sign falls from 1 to 0 as p grows is at 0.6 where p is 0.4."""
    adaptive = Adaptive(16, adjustment_clips=6400)
    for _ in range(800):
        adaptive.observe(sign(1 - adaptive.p))
    assert adaptive.p == pytest.approx(0.4, abs=2 * adaptive.step)


@pytest.mark.parametrize("stop", [0, 1, 6, 7, 8])
def test_resuming_is_exact(stop: int) -> None:
    torch.manual_seed(0)
    signs = torch.rand(40)
    whole, first = (Adaptive(16, adjustment_clips=1600) for _ in range(2))
    expected = [whole.observe(s) for s in signs]
    course = [first.observe(s) for s in signs[:stop]]
    kept = asdict(first.state())
    assert {type(value) for value in kept.values()} <= {int, float}
    second = Adaptive(16, adjustment_clips=1600)
    second.restore(Strength(**kept))
    assert second.state() == first.state()
    assert course + [second.observe(s) for s in signs[stop:]] == expected


def test_the_sign_is_that_of_real_logits() -> None:
    """First sub-discriminator: 2 of 3 above 0: 1/3. Second: 1 above, 1 below: 0."""
    real = [torch.tensor([[5.0, 0.1, -3.0]]), torch.tensor([[1.0], [-1.0]])]
    fake = [torch.full((1, 3), 9.0), torch.full((2, 1), 9.0)]
    assert real_sign(real, fake).item() == pytest.approx((1 / 3 + 0) / 2)
    assert real_sign(real, fake, neutral=0.5).item() == pytest.approx((-1 / 3 + 0) / 2)


def test_where_logits_have_no_zero_the_pairs_decide() -> None:
    """Real above fake in 3 of 4 pairs: (3 - 1) / 4, whatever is added to all logits."""
    real, fake = torch.tensor([1.0, 2.0, 3.0, 4.0]), torch.tensor([0.0, 1.0, 2.0, 9.0])
    for added in (0.0, 100.0, -100.0):
        value = real_sign([real + added], [fake + added], neutral=None)
        assert value.item() == pytest.approx(0.5)


def test_the_sign_has_no_graph_and_takes_bfloat16() -> None:
    real = torch.tensor([0.5, -0.5, 2.0], requires_grad=True)
    value = real_sign([real.bfloat16()], [real.bfloat16()])
    assert not value.requires_grad
    assert value.dtype == torch.float32
    assert value.item() == pytest.approx(1 / 3)


def test_what_cannot_be_is_refused() -> None:
    for name in ("batch_size", "adjustment_clips", "every"):
        with pytest.raises(UserError, match=f"augment: {name} is 0: give 1 or more"):
            Adaptive(**{"batch_size": 4, name: 0})
    for name in ("target", "most"):
        for value in (0.0, 1.1, float("nan")):
            with pytest.raises(UserError, match=f"augment: {name} is {value}"):
                Adaptive(4, **{name: value})


def test_accuracy_is_the_mean_over_sub_discriminators() -> None:
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
