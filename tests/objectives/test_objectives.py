"""The objectives: values and gradients worked out by hand."""

import math

import pytest
import torch
from torch import Tensor

from wavegan.objectives import LSGAN, Hinge, NonSaturating, Objective, Wasserstein

# Two sub-discriminators of different shapes; the logits of the first: real 3 and 1, fake -1 and 2.
REAL = [torch.tensor([[3.0], [1.0]]), torch.tensor([[0.0, 0.0, 0.0]])]
FAKE = [torch.tensor([[-1.0], [2.0]]), torch.tensor([[0.0, 0.0, 0.0]])]


def ln_s(logit: float) -> float:
    """ln of the sigmoid, the textbook way."""
    return math.log(1 / (1 + math.exp(-logit)))


EXPECTED = [
    # first: ((3-1)^2 + (1-1)^2)/2 + ((-1)^2 + 2^2)/2 = 2 + 2.5; second: (0-1)^2 + 0 = 1
    # G: ((-1-1)^2 + (2-1)^2)/2 + (0-1)^2 = 2.5 + 1
    (LSGAN(), 5.5, 3.5),
    # first: (0 + 0)/2 + (max(0, 1-1) + 3)/2 = 1.5; second: 1 + 1.   G: -(0.5 + 0)
    (Hinge(), 3.5, -0.5),
    # D as above.   G: (2 + 0)/2 + 1
    (Hinge(bounded=True), 3.5, 2.0),
    # first: 0.5 - 2; second: 0.   G: -(0.5 + 0)
    (Wasserstein(), -1.5, -0.5),
    # BCE by its definition, ln(1 - s(x)) = ln s(-x); the second tells nothing: 2 ln 2
    (
        NonSaturating(),
        -(ln_s(3) + ln_s(1)) / 2 - (ln_s(1) + ln_s(-2)) / 2 + 2 * math.log(2),
        -(ln_s(-1) + ln_s(2)) / 2 + math.log(2),
    ),
]


@pytest.mark.parametrize(("objective", "d_loss", "g_loss"), EXPECTED)
def test_values(objective: Objective, d_loss: float, g_loss: float) -> None:
    assert objective.discriminator(REAL, FAKE).item() == pytest.approx(d_loss, rel=1e-6)
    assert objective.generator(REAL, FAKE).item() == pytest.approx(g_loss, rel=1e-6)


SLOPES = [
    # d/dr of each term at one logit r = 0.25 and f = 0.5: (real in D, fake in D, fake in G)
    (LSGAN(), 2 * (0.25 - 1), 2 * 0.5, 2 * (0.5 - 1)),
    (Hinge(), -1.0, 1.0, -1.0),
    (Hinge(bounded=True), -1.0, 1.0, -1.0),
    (Wasserstein(), -1.0, 1.0, -1.0),
    # softplus' = sigmoid
    (
        NonSaturating(),
        -1 / (1 + math.exp(0.25)),
        1 / (1 + math.exp(-0.5)),
        -1 / (1 + math.exp(0.5)),
    ),
]


@pytest.mark.parametrize(("objective", "real_d", "fake_d", "fake_g"), SLOPES)
def test_slopes(objective: Objective, real_d: float, fake_d: float, fake_g: float) -> None:
    real, fake = leaf([0.25]), leaf([0.5])
    objective.discriminator([real], [fake]).backward()
    assert (real.grad.item(), fake.grad.item()) == pytest.approx((real_d, fake_d))
    real, fake = leaf([0.25]), leaf([0.5])
    objective.generator([real], [fake]).backward()
    assert fake.grad.item() == pytest.approx(fake_g)
    assert real.grad is None


def leaf(values: list[float]) -> Tensor:
    return torch.tensor([values], requires_grad=True)


@pytest.mark.parametrize("objective", [case[0] for case in EXPECTED])
def test_every_objective_pulls_apart_and_together(objective: Objective) -> None:
    """D gains when real rises and fake falls, G when fake rises."""
    low, high = [torch.zeros(2, 3)], [torch.full((2, 3), 0.5)]
    assert objective.discriminator(high, low) < objective.discriminator(low, low)
    assert objective.discriminator(low, high) > objective.discriminator(low, low)
    assert objective.generator(low, high) < objective.generator(low, low)


@pytest.mark.parametrize("objective", [case[0] for case in EXPECTED])
def test_batch_of_two_is_the_mean_of_two_batches(objective: Objective) -> None:
    torch.manual_seed(0)
    real, fake = (
        [torch.randn(2, 7), torch.randn(2, 1, 4)],
        [torch.randn(2, 7), torch.randn(2, 1, 4)],
    )
    for loss in (objective.discriminator, objective.generator):
        halves = [loss([r[i : i + 1] for r in real], [f[i : i + 1] for f in fake]) for i in (0, 1)]
        torch.testing.assert_close(loss(real, fake), (halves[0] + halves[1]) / 2)


@pytest.mark.parametrize("objective", [case[0] for case in EXPECTED])
def test_bfloat16_logits_are_computed_in_float32(objective: Objective) -> None:
    """bfloat16 has 8 bits: it would round 1.0078125 + 256 to 256."""
    real, fake = [torch.tensor([[1.0078125, 256.0]])] * 2, [torch.tensor([[1.0078125, 256.0]])] * 2
    halved = [[t.bfloat16() for t in side] for side in (real, fake)]
    for loss in (objective.discriminator, objective.generator):
        assert loss(*halved).dtype == torch.float32
        assert torch.equal(loss(*halved), loss(real, fake))


def test_nonsaturating_is_finite_at_any_logit() -> None:
    real, fake = leaf([-1e4]), leaf([1e4])
    loss = NonSaturating().discriminator([real], [fake])
    loss.backward()
    assert loss.item() == pytest.approx(2e4)
    assert (real.grad.item(), fake.grad.item()) == (-1.0, 1.0)


@pytest.mark.parametrize("objective", [case[0] for case in EXPECTED])
def test_unequal_numbers_of_sub_discriminators_are_an_error(objective: Objective) -> None:
    with pytest.raises(ValueError, match="zip"):
        objective.discriminator(REAL, FAKE[:1])
