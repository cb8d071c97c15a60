"""The estimated time left over simulated windows: close to the truth, without large jumps."""

import itertools

import pytest

from wavegan.progress.eta import Eta

STEPS = 10_000


def reported(
    seconds: list[float],
    window: int = 50,
    pause: float = 0.0,
    every: int = 500,
    start: int = 0,
    began: float = 0.0,
) -> list[tuple[float, float | None]]:
    """The clock and the estimate at the end of each window, for these seconds per step."""
    eta, now, step, found = Eta(STEPS, began), began, start, []
    for each in seconds:
        step, now = step + window, now + window * each
        found.append((now, eta.after(step, 1 / each, now)))
        if step % every == 0:
            now += pause
    return found


def jumps(found: list[tuple[float, float | None]]) -> list[float]:
    """Ratios of each estimate to the previous one less the time passed."""
    known = [(now, left) for now, left in found if left is not None]
    return [
        max(b, 1e-9) / max(a - (later - now), 1e-9)
        for (now, a), (later, b) in itertools.pairwise(known)
    ]


def test_the_estimate_of_a_steady_run_is_right() -> None:
    for now, left in reported([0.1] * 200)[1:]:
        assert left == pytest.approx(1000 - now, abs=1e-6)


def test_slow_first_steps_do_not_count() -> None:
    found = reported([0.5, *[0.1] * 199])
    assert [left for _, left in found[1:3]] == pytest.approx([990, 985])
    quick = reported([0.12, *[0.1] * 199])
    assert quick[0][1] is None  # six seconds are waited for
    # where a window takes minutes, its first steps are few among it
    assert reported([12.0])[0][1] == pytest.approx(9950 * 12.0)


def test_one_slow_window_changes_nothing() -> None:
    seconds = [0.1] * 60
    seconds[30] = 1.5
    for window, (_, left) in enumerate(reported(seconds)[1:], 2):
        assert left == pytest.approx((STEPS - window * 50) * 0.1)


def test_a_change_of_speed_is_learnt_little_by_little() -> None:
    found = reported([0.1] * 40 + [0.3] * 60)
    ratios = jumps(found)
    assert max(ratios) < 1.25
    assert min(ratios) > 0.95
    assert found[-1][1] == pytest.approx((STEPS - 5000) * 0.3, rel=0.05)


def test_speeds_that_waver_are_smoothed() -> None:
    found = reported([0.1, *[0.07, 0.14] * 90])
    assert all(0.9 < ratio < 1.12 for ratio in jumps(found[1:150]))


def test_pauses_are_spread_over_the_steps() -> None:
    """500 steps of 50 s, then 25 s of validation: 1,500 s in all but for the last one."""
    found = reported([0.1] * 199, pause=25.0)
    after_first = [(now, left) for now, left in found[11:]]
    for now, left in after_first:
        assert left == pytest.approx(1500 - now, abs=26)
    # known once the first is over, and no leap at any other
    assert found[10][1] == pytest.approx((STEPS - 550) * 0.15)
    assert found[9][1] == pytest.approx((STEPS - 500) * 0.1)
    ratios = jumps(after_first[:150])
    assert 0.9 < min(ratios) <= max(ratios) < 1.1


def test_a_resumed_run_begins_at_its_step() -> None:
    found = reported([0.1] * 100, pause=25.0, start=5000, began=777.0)
    assert found[-1][1] == pytest.approx(0, abs=1e-6)
    assert found[15][1] == pytest.approx((STEPS - 5800) * 0.15)


def test_at_the_end_nothing_is_left() -> None:
    eta = Eta(100, 0.0)
    eta.after(50, 1.0, 50.0)
    assert eta.after(100, 1.0, 100.0) == 0
    assert Eta(100, 0.0).after(50, 0.0, 1.0) is None
