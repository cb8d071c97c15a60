"""Plateaus of curves whose plateau is known."""

import numpy as np
import pytest
from numpy.typing import NDArray

from wavegan.progress.plateau import GAIN, plateau


def levels_out(floor: float, scale: float, power: float) -> float:
    """Where `floor + scale (s / 1000)^-power` gains 2 % by doubling.

    `scale x (1 - 2^-power) = 0.02 (floor + scale x)` for x the power term.
    """
    term = GAIN * floor / (scale * (1 - 2**-power) - GAIN * scale)
    return float(1000 * term ** (-1 / power))


def curve(floor: float, scale: float, power: float, count: int) -> NDArray[np.float64]:
    return floor + scale * np.arange(1, count + 1.0) ** -power


@pytest.mark.parametrize("shape", [(1, 1, 1), (0.3, 2, 1.5), (0.5, 0.4, 0.7)])
@pytest.mark.parametrize("count", [8, 20, 100])
def test_without_noise_it_is_found(shape: tuple[float, float, float], count: int) -> None:
    steps = [1000 * n for n in range(1, count + 1)]
    found = plateau(steps, curve(*shape, count).tolist())
    truth = levels_out(*shape)
    assert found is not None
    assert found.step == pytest.approx(truth, rel=0.15)
    assert found.low < truth < found.high


def test_an_exponential_levels_out_where_it_does() -> None:
    """1 + exp(-s / 5000): with u the exponential, u - u^2 = 0.02 (1 + u), so u is 0.0208."""
    steps = np.arange(1, 16) * 1000
    found = plateau(steps.tolist(), (1 + np.exp(-steps / 5000)).tolist())
    assert found is not None
    assert found.step == pytest.approx(
        -5000 * np.log((0.98 - np.sqrt(0.98**2 - 0.08)) / 2), rel=0.1
    )


def test_nine_in_ten_ranges_hold_the_truth() -> None:
    """A hundred noisy power laws of a fixed seed, those with a prediction."""
    rng = np.random.default_rng(5)
    held = []
    for _ in range(100):
        floor, scale, power = rng.uniform(0.2, 1), rng.uniform(0.2, 2), rng.uniform(0.5, 2)
        noise = 1 + 0.01 * rng.standard_normal(15)
        found = plateau(range(1000, 16000, 1000), (curve(floor, scale, power, 15) * noise).tolist())
        if found is not None:
            held.append(found.low <= levels_out(floor, scale, power) <= found.high)
    assert len(held) > 50
    assert np.mean(held) > 0.85


def test_noise_and_lines_foretell_nothing() -> None:
    rng = np.random.default_rng(2)
    steps = range(1000, 21000, 1000)
    none = [plateau(steps, (1 + 0.1 * rng.standard_normal(20)).tolist()) is None for _ in range(50)]
    assert np.mean(none) > 0.9
    assert plateau(steps, np.linspace(2, 1, 20).tolist()) is None  # no end in sight
    assert plateau(steps, np.linspace(1, 2, 20).tolist()) is None


def test_few_values_or_odd_ones_foretell_nothing() -> None:
    assert plateau([1, 2, 3], [3.0, 2.0, 1.5]) is None
    assert plateau(range(1, 11), [0.0] * 10) is None
    assert plateau(range(1, 11), [float("nan")] * 10) is None
    assert plateau(range(1, 11), [1.0] * 10) is None


def test_an_outlier_does_not_move_it_and_a_gross_one_silences_it() -> None:
    steps = [1000 * n for n in range(1, 21)]
    mild, gross = curve(0.3, 2, 1.5, 20), curve(0.3, 2, 1.5, 20)
    mild[12] *= 1.1
    gross[12] *= 3
    found = plateau(steps, mild.tolist())
    assert found is not None
    assert found.step == pytest.approx(levels_out(0.3, 2, 1.5), rel=0.15)
    assert plateau(steps, gross.tolist()) is None
