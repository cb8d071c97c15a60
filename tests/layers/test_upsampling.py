"""What fits a hop length, and whether the proposals fit."""

import ast
import math
import re

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from wavegan.errors import UserError
from wavegan.layers.upsampling import check_hop_length, check_kernels, check_rates, nearest_rates

RATES = st.lists(st.integers(1, 12), min_size=1, max_size=5)


def test_agreement_returns_the_product() -> None:
    assert check_hop_length([8, 8, 2, 2], 256) == check_hop_length([8, 8, 2, 2], None) == 256


@pytest.mark.parametrize(
    ("hop", "rates", "proposal"),
    [
        (300, [8, 8, 2, 2], [10, 5, 3, 2]),
        (512, [8, 8, 2, 2], [8, 8, 4, 2]),
        (200, [8, 8, 4], [8, 5, 5]),
        (6, [8, 8, 2, 2], [3, 2]),
        (257, [8, 8, 2, 2], [257]),
    ],
)
def test_the_nearest_rates(hop: int, rates: list[int], proposal: list[int]) -> None:
    assert math.prod(proposal) == hop
    assert nearest_rates(hop, rates) == proposal


@settings(deadline=None, max_examples=60)
@given(hop=st.integers(2, 1200), rates=RATES)
def test_proposed_rates_and_kernels_are_valid(hop: int, rates: list[int]) -> None:
    if math.prod(rates) == hop:
        return
    with pytest.raises(UserError) as refusal:
        check_hop_length(rates, hop, kernel_sizes=rates)
    message = str(refusal.value)
    assert message.startswith(f"mel.hop_length {hop} ")
    assert "\n" not in message
    given_rates, proposed, kernels = map(ast.literal_eval, re.findall(r"\[[^]]*\]", message))
    assert given_rates == rates
    assert math.prod(proposed) == hop
    check_kernels(proposed, kernels)


def test_a_hop_without_factors_proposes_only_the_hop() -> None:
    with pytest.raises(UserError, match=r"set mel.hop_length to 256$"):
        check_hop_length([8, 8, 2, 2], 0)


@settings(deadline=None, max_examples=60)
@given(rates=RATES, kernels=st.lists(st.integers(-3, 30), max_size=6))
def test_proposed_kernels_are_accepted(rates: list[int], kernels: list[int]) -> None:
    try:
        check_kernels(rates, kernels)
    except UserError as refusal:
        lists = re.findall(r"\[[^]]*\]", str(refusal))
        assert [str(kernels), str(rates)] == lists[:2]
        check_kernels(rates, ast.literal_eval(lists[2]))
    else:
        assert len(kernels) == len(rates)
        assert all(k >= r and (k - r) % 2 == 0 for k, r in zip(kernels, rates, strict=True))


def test_an_odd_difference_moves_towards_twice_the_rate() -> None:
    with pytest.raises(UserError, match=r"such as \[16, 16, 4\]$"):
        check_kernels([8, 8, 2], [15, 17, 3])


@pytest.mark.parametrize(("rates", "proposal"), [([8, 0, -2], "[8, 2, 2]"), ([], "[8, 8, 2, 2]")])
def test_rates_that_do_not_upsample_are_refused(rates: list[int], proposal: str) -> None:
    with pytest.raises(UserError, match=f"such as {re.escape(proposal)}$"):
        check_rates(rates, 2)
