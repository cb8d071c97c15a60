"""Resampling: tones keep position and level, frequencies above half the rate are removed."""

import numpy as np
import pytest
from numpy.typing import NDArray

from wavegan.audio.resample import resample_array, resampled_length, source_span
from wavegan.errors import UserError

RATES = [(44100, 22050), (22050, 24000), (48000, 22050), (16000, 22050), (8000, 44100)]


def _tone(frequency: float, rate: int, samples: int) -> NDArray[np.float32]:
    return (0.5 * np.sin(2 * np.pi * frequency / rate * np.arange(samples))).astype(np.float32)


def _noise(*shape: int) -> NDArray[np.float32]:
    return np.random.default_rng(0).standard_normal(shape).astype(np.float32)


def _inside(rate: int) -> slice:
    """The middle: at the ends the filter reaches the silence outside."""
    return slice(rate // 20, -rate // 20)


@pytest.mark.parametrize("rates", RATES)
def test_a_tone_stays_a_tone_in_place(rates: tuple[int, int]) -> None:
    before, after = rates
    wave = _tone(997, before, before // 2 + 7)
    made = resample_array(wave, before, after)
    assert np.abs(made - _tone(997, after, len(made)))[_inside(after)].max() < 2e-6


def test_what_the_new_rate_cannot_hold_is_gone() -> None:
    wave = _tone(14000, 44100, 44100)
    made = resample_array(wave, 44100, 22050)
    assert np.abs(made[_inside(22050)]).max() < 1e-5


@pytest.mark.parametrize("rates", [*RATES, (44101, 22050)])
def test_lengths(rates: tuple[int, int]) -> None:
    before, after = rates
    for samples in (1, 2, 100, 1001, 30011):
        wave = np.zeros((2, samples), np.float32)
        made = resample_array(wave, before, after)
        assert made.shape == (2, resampled_length(samples, before, after))
        assert abs(made.shape[-1] - samples * after / before) <= 0.5


def test_the_same_rate_changes_nothing() -> None:
    wave = _noise(3, 100)
    assert np.array_equal(resample_array(wave, 24000, 24000), wave)


def test_leading_dimensions() -> None:
    wave = _noise(2, 3, 2000)
    made = resample_array(wave, 22050, 16000)
    assert made.shape[:2] == (2, 3)
    assert np.allclose(made[1, 2], resample_array(wave[1, 2], 22050, 16000), atol=1e-6)


def test_rates_must_be_positive() -> None:
    for rates in ((0, 16000), (16000, -1)):
        with pytest.raises(UserError, match=f"{min(rates)} Hz"):
            resample_array(np.zeros(4, np.float32), *rates)


@pytest.mark.parametrize("rates", [*RATES, (44101, 22050)])
def test_a_span_resampled_alone_is_the_same_slice(rates: tuple[int, int]) -> None:
    before, after = rates
    samples = 3 * before + 11
    wave = _noise(samples) * 0.2
    whole = resample_array(wave, before, after)
    for start, stop in ((0, 500), (after + 37, after + 4000), (len(whole) - 900, len(whole))):
        first, last, skip = source_span(start, stop, samples, before, after)
        part = resample_array(wave[first:last], before, after)[skip : skip + stop - start]
        assert last - first < samples
        assert np.abs(part - whole[start:stop]).max() < 1e-6
