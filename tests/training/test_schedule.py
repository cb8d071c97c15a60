"""Learning rates: known values at known steps."""

from itertools import pairwise

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from wavegan import recipe
from wavegan.recipe_sections import Schedule
from wavegan.training.schedule import factor, set_rate


def test_constant_is_one_at_every_step() -> None:
    assert [factor(Schedule(), step, 100) for step in (0, 50, 99, 1000)] == [1, 1, 1, 1]


def test_exponential_loses_a_thousandth_in_an_epoch() -> None:
    """HiFi-GAN: 0.999 per epoch of 809 steps, whatever the run's length."""
    schedule = recipe.load("hifigan-v1").training.schedule
    assert (schedule.name, schedule.gamma, schedule.every) == ("exponential", 0.999, 809)
    assert factor(schedule, 0, 100) == 1
    assert factor(schedule, 809, 100) == pytest.approx(0.999, abs=1e-12)
    assert factor(schedule, 404, 100) == pytest.approx(0.999 ** (404 / 809), abs=1e-12)
    assert factor(schedule, 80_900, 2_500_000) == pytest.approx(0.904792147, abs=1e-9)


def test_steps_are_equal_between_and_end_at_final() -> None:
    schedule = Schedule(name="step", gamma=0.5, every=100, final=0.2)
    values = {0: 1, 99: 1, 100: 0.5, 199: 0.5, 200: 0.25, 299: 0.25, 300: 0.2, 10_000: 0.2}
    assert {step: factor(schedule, step, 400) for step in values} == values


@pytest.mark.parametrize("final", [0.0, 0.1, 1.0])
def test_cosine_falls_from_one_to_final(final: float) -> None:
    schedule = Schedule(name="cosine", final=final)
    assert factor(schedule, 0, 1000) == 1
    assert factor(schedule, 250, 1000) == pytest.approx(final + (1 - final) * 0.8535533906)
    assert factor(schedule, 500, 1000) == pytest.approx((1 + final) / 2)
    assert factor(schedule, 1000, 1000) == pytest.approx(final, abs=1e-12)
    assert factor(schedule, 1500, 1000) == pytest.approx(final, abs=1e-12)


def test_warm_up_rises_in_equal_steps_to_one() -> None:
    """Four steps of warm-up: the first has a fifth, the fifth has all."""
    values = [factor(Schedule(warmup=4), step, 100) for step in range(6)]
    assert values == pytest.approx([0.2, 0.4, 0.6, 0.8, 1.0, 1.0])
    falling = Schedule(name="exponential", gamma=0.5, warmup=1)
    assert [factor(falling, step, 100) for step in range(3)] == pytest.approx([0.5, 0.5, 0.25])


def test_a_cosine_begins_after_its_warm_up() -> None:
    schedule = Schedule(name="cosine", warmup=10, final=0.2)
    values = [factor(schedule, step, 110) for step in range(111)]
    assert values[:11] == pytest.approx([(step + 1) / 11 for step in range(11)])
    assert values[60] == pytest.approx(0.6)
    assert values[110] == pytest.approx(0.2)
    assert all(later < earlier for earlier, later in pairwise(values[10:]))


@given(
    name=st.sampled_from(["constant", "exponential", "step", "cosine"]),
    warmup=st.integers(0, 50),
    gamma=st.floats(0.5, 1),
    final=st.floats(0, 1),
    step=st.integers(0, 300),
    steps=st.integers(1, 200),
)
def test_a_rate_is_never_negative_nor_above_its_base(
    name: str, warmup: int, gamma: float, final: float, step: int, steps: int
) -> None:
    schedule = Schedule.model_validate(
        {"name": name, "warmup": warmup, "gamma": gamma, "final": final}
    )
    assert 0 <= factor(schedule, step, steps) <= 1


def test_every_group_gets_the_rate() -> None:
    weights = [torch.nn.Parameter(torch.ones(1)) for _ in range(2)]
    optimizer = torch.optim.SGD([{"params": [w], "lr": 9.0} for w in weights])
    set_rate(optimizer, 0.25)
    assert [group["lr"] for group in optimizer.param_groups] == [0.25, 0.25]
    weights[0].grad = torch.ones(1)
    optimizer.step()
    assert weights[0].item() == 0.75
