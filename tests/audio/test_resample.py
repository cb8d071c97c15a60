"""Resampling: tones stay where and what they are, what cannot be there is gone, both ways agree."""

import math

import numpy as np
import pytest
import torch
from numpy.typing import NDArray

from wavegan.audio import resample as module
from wavegan.audio.resample import resample, resample_array, resampled_length, source_span
from wavegan.errors import UserError

RATES = [(44100, 22050), (22050, 24000), (48000, 22050), (16000, 22050), (8000, 44100)]


@pytest.fixture
def own_polyphase(monkeypatch: pytest.MonkeyPatch) -> None:
    """As where torchaudio cannot be imported."""
    monkeypatch.setattr(module, "_torchaudio", lambda: None)


def _tone(frequency: float, rate: int, samples: int) -> NDArray[np.float32]:
    return (0.5 * np.sin(2 * np.pi * frequency / rate * np.arange(samples))).astype(np.float32)


def _inside(rate: int) -> slice:
    """Away from the ends, where the filter sees the silence outside."""
    return slice(rate // 20, -rate // 20)


@pytest.mark.parametrize("rates", RATES)
def test_a_tone_stays_a_tone_in_place(own_polyphase: None, rates: tuple[int, int]) -> None:
    before, after = rates
    wave = _tone(997, before, before // 2 + 7)
    for made in (
        resample_array(wave, before, after),
        resample(torch.from_numpy(wave), before, after).numpy(),
    ):
        expected = _tone(997, after, len(made))
        assert np.abs(made - expected)[_inside(after)].max() < 2e-6


def test_what_the_new_rate_cannot_hold_is_gone(own_polyphase: None) -> None:
    wave = _tone(14000, 44100, 44100)
    for made in (
        resample_array(wave, 44100, 22050),
        resample(torch.from_numpy(wave), 44100, 22050).numpy(),
    ):
        assert np.abs(made[_inside(22050)]).max() < 1e-5


@pytest.mark.parametrize("rates", [*RATES, (44101, 22050)])
def test_lengths(own_polyphase: None, rates: tuple[int, int]) -> None:
    before, after = rates
    for samples in (1, 2, 100, 1001, 30011):
        wave = np.zeros((2, samples), np.float32)
        made = resample_array(wave, before, after)
        assert made.shape == (2, resampled_length(samples, before, after))
        assert abs(made.shape[-1] - samples * after / before) <= 0.5
        length = math.ceil(samples * after / before)
        assert resample(torch.from_numpy(wave), before, after).shape == (2, length)


def test_the_same_rate_changes_nothing() -> None:
    wave = torch.randn(3, 100)
    assert torch.equal(resample(wave, 24000, 24000), wave)
    assert np.array_equal(resample_array(wave.numpy(), 24000, 24000), wave.numpy())


def test_leading_dimensions(own_polyphase: None) -> None:
    wave = torch.randn(2, 3, 2000)
    made = resample(wave, 22050, 16000)
    assert made.shape[:2] == (2, 3)
    assert torch.allclose(made[1, 2], resample(wave[1, 2], 22050, 16000), atol=1e-6)
    array = resample_array(wave.numpy(), 22050, 16000)
    assert np.allclose(array[1, 2], resample_array(wave[1, 2].numpy(), 22050, 16000), atol=1e-6)


def test_tensors_agree_with_soxr_in_the_band(own_polyphase: None) -> None:
    wave = sum(_tone(f, 24000, 24000) for f in (110, 440, 1760, 7040)) / 4
    made = resample(torch.from_numpy(wave), 24000, 22050).numpy()
    soxr = resample_array(wave, 24000, 22050, quality="VHQ")
    assert np.abs(made[: len(soxr)] - soxr)[_inside(22050)].max() < 2e-6


def test_gradient_is_right(own_polyphase: None) -> None:
    wave = torch.randn(1, 40, dtype=torch.double, requires_grad=True)
    assert torch.autograd.gradcheck(lambda w: resample(w, 3, 2), wave)


def test_float32_inside_autocast(own_polyphase: None) -> None:
    wave = torch.randn(1, 2000)
    with torch.autocast("cpu", dtype=torch.bfloat16):
        inside = resample(wave, 24000, 16000)
    assert inside.dtype == torch.float32
    assert torch.equal(inside, resample(wave, 24000, 16000))


def test_odd_ratios_go_through_soxr_and_have_no_gradient(own_polyphase: None) -> None:
    wave = torch.from_numpy(_tone(997, 44101, 44101))
    made = resample(wave, 44101, 22050).numpy()
    assert np.abs(made - _tone(997, 22050, len(made)))[_inside(22050)].max() < 2e-6
    with pytest.raises(UserError, match="no gradient from 44101 to 22050"):
        resample(wave.requires_grad_(), 44101, 22050)


def test_rates_must_be_positive() -> None:
    with pytest.raises(UserError, match="0 Hz"):
        resample(torch.zeros(4), 0, 16000)
    with pytest.raises(UserError, match="-1 Hz"):
        resample_array(np.zeros(4, np.float32), 16000, -1)


@pytest.mark.parametrize("rates", [*RATES, (44101, 22050)])
def test_a_span_resampled_alone_is_the_same_slice(rates: tuple[int, int]) -> None:
    before, after = rates
    samples = 3 * before + 11
    wave = np.random.default_rng(0).standard_normal(samples).astype(np.float32) * 0.2
    whole = resample_array(wave, before, after)
    for start, stop in ((0, 500), (after + 37, after + 4000), (len(whole) - 900, len(whole))):
        first, last, skip = source_span(start, stop, samples, before, after)
        part = resample_array(wave[first:last], before, after)[skip : skip + stop - start]
        assert last - first < samples
        assert np.abs(part - whole[start:stop]).max() < 1e-6


def test_torchaudio_agrees_with_ours() -> None:
    functional = module._torchaudio()
    if functional is None:
        pytest.skip("torchaudio is missing or does not fit this torch")
    wave = torch.randn(2, 3000, dtype=torch.double)
    for before, after in ((147, 160), (2, 1), (3, 4)):
        assert torch.allclose(
            resample(wave, before, after), module._polyphase(wave, before, after), atol=1e-9
        )


def test_a_torchaudio_that_cannot_be_imported_is_done_without(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    import builtins

    original = builtins.__import__
    for kind in (ImportError, OSError, RuntimeError):

        def broken(name: str, *rest: object, kind: type[Exception] = kind) -> object:
            if name.startswith("torchaudio"):
                raise kind("broken")
            return original(name, *rest)  # type: ignore[arg-type]

        monkeypatch.setattr(builtins, "__import__", broken)
        assert module._torchaudio.__wrapped__() is None
