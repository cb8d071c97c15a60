"""The synthetic voice: like speech in level and pitch, and always the same."""

import pytest
import torch

from wavegan.bench.signal import voice


@pytest.mark.parametrize("rate", [8000, 22050, 44100])
def test_it_is_as_loud_as_speech_and_has_pauses(rate: int) -> None:
    wave = voice(2.0, rate)
    assert wave.shape == (2 * rate,)
    assert float(wave.abs().max()) == pytest.approx(0.9)
    levels = wave[: 20 * (len(wave) // 20)].reshape(20, -1).std(-1)
    assert float(levels.max()) > 0.1
    assert float(levels.min()) < 0.02


def test_its_pitch_is_that_of_a_voice() -> None:
    wave = voice(0.3, 16000)[800:4000]
    spectrum = torch.fft.rfft(wave * wave, 1 << 16).abs()
    frequency = torch.fft.rfftfreq(1 << 16, 1 / 16000)
    inside = (frequency > 60) & (frequency < 400)
    pitch = float(frequency[inside][spectrum[inside].argmax()])
    assert 110 < pitch < 150


def test_it_is_the_same_each_time_and_draws_nothing() -> None:
    state = torch.random.get_rng_state()
    assert torch.equal(voice(0.1, 8000), voice(0.1, 8000))
    assert torch.equal(torch.random.get_rng_state(), state)
