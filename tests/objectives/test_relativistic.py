"""The relativistic pairing loss: values and gradients worked out by hand."""

import math

import pytest
import torch
from torch import Tensor

from wavegan import plugins
from wavegan.objectives import Relativistic

# Two sub-discriminators of different shapes; differences real - fake: 4 and -1; then three of 0.
REAL = [torch.tensor([[3.0], [1.0]]), torch.tensor([[5.0, -2.0, 0.0]])]
FAKE = [torch.tensor([[-1.0], [2.0]]), torch.tensor([[5.0, -2.0, 0.0]])]


def cross_entropy(logit: float) -> float:
    """-ln of the sigmoid, the textbook way."""
    return -math.log(1 / (1 + math.exp(-logit)))


def test_values() -> None:
    d_loss = (cross_entropy(4) + cross_entropy(-1)) / 2 + math.log(2)
    g_loss = (cross_entropy(-4) + cross_entropy(1)) / 2 + math.log(2)
    assert Relativistic().discriminator(REAL, FAKE).item() == pytest.approx(d_loss, rel=1e-6)
    assert Relativistic().generator(REAL, FAKE).item() == pytest.approx(g_loss, rel=1e-6)


def leaf(values: list[float]) -> Tensor:
    return torch.tensor([values], requires_grad=True)


def test_slopes() -> None:
    """softplus' = sigmoid; one pair of logits 0.25 and 0.5, so real - fake = -0.25."""
    sigmoid = 1 / (1 + math.exp(-0.25))
    real, fake = leaf([0.25]), leaf([0.5])
    Relativistic().discriminator([real], [fake]).backward()
    assert (real.grad.item(), fake.grad.item()) == pytest.approx((-sigmoid, sigmoid))
    real, fake = leaf([0.25]), leaf([0.5])
    Relativistic().generator([real], [fake]).backward()
    assert (real.grad.item(), fake.grad.item()) == pytest.approx((1 - sigmoid, sigmoid - 1))


def test_only_the_difference_within_a_pair_counts() -> None:
    """A number added to both logits of a pair changes nothing, another pairing does."""
    added = torch.tensor([[10.0], [-7.0]])
    for loss in (Relativistic().discriminator, Relativistic().generator):
        plain = loss(REAL[:1], FAKE[:1])
        torch.testing.assert_close(loss([REAL[0] + added], [FAKE[0] + added]), plain)
        assert abs(loss(REAL[:1], [FAKE[0].flip(0)]) - plain) > 0.1


def test_g_and_d_have_opposite_losses() -> None:
    """G minimises what D would with real and fake exchanged."""
    torch.manual_seed(0)
    real, fake = (
        [torch.randn(4, 9), torch.randn(4, 1, 3)],
        [torch.randn(4, 9), torch.randn(4, 1, 3)],
    )
    objective = Relativistic()
    assert torch.equal(objective.generator(real, fake), objective.discriminator(fake, real))


def test_batch_of_two_is_the_mean_of_two_batches() -> None:
    torch.manual_seed(0)
    real, fake = (
        [torch.randn(2, 7), torch.randn(2, 1, 4)],
        [torch.randn(2, 7), torch.randn(2, 1, 4)],
    )
    for loss in (Relativistic().discriminator, Relativistic().generator):
        halves = [loss([r[i : i + 1] for r in real], [f[i : i + 1] for f in fake]) for i in (0, 1)]
        torch.testing.assert_close(loss(real, fake), (halves[0] + halves[1]) / 2)


def test_bfloat16_logits_are_computed_in_float32() -> None:
    """bfloat16 has 8 bits: it would round 256 - 1.0078125 to 255."""
    real, fake = [torch.tensor([[1.0078125, 256.0]])], [torch.tensor([[256.0, 1.0078125]])]
    halved = [[t.bfloat16() for t in side] for side in (real, fake)]
    for loss in (Relativistic().discriminator, Relativistic().generator):
        assert loss(*halved).dtype == torch.float32
        assert torch.equal(loss(*halved), loss(real, fake))


def test_it_is_finite_at_any_logit() -> None:
    real, fake = leaf([-1e4]), leaf([1e4])
    loss = Relativistic().discriminator([real], [fake])
    loss.backward()
    assert loss.item() == pytest.approx(2e4)
    assert (real.grad.item(), fake.grad.item()) == (-1.0, 1.0)


def test_unequal_numbers_of_sub_discriminators_are_an_error() -> None:
    for loss in (Relativistic().discriminator, Relativistic().generator):
        with pytest.raises(ValueError, match="zip"):
            loss(REAL, FAKE[:1])


def test_a_recipe_finds_it() -> None:
    built = plugins.build("objectives", "relativistic", {}, where="objective", context={})
    assert isinstance(built, Relativistic)
