"""Log-mel L1: values known by hand and an oracle by librosa."""

import math

import librosa
import numpy as np
import pytest
import torch
from torch import Tensor

from wavegan.audio.resample import resample_array
from wavegan.mel.front_end import Mel
from wavegan.metrics.log_mel_l1 import LogMelL1


def noise(seed: int, samples: int = 22050) -> Tensor:
    return 0.1 * torch.randn(1, samples, generator=torch.Generator().manual_seed(seed))


def test_agrees_with_librosa() -> None:
    bank = librosa.filters.mel(sr=22050, n_fft=1024, n_mels=80, fmin=0, fmax=8000)
    logs = []
    for seed in (0, 1):
        padded = np.pad(noise(seed)[0].double().numpy(), 384, mode="reflect")
        power = np.abs(librosa.stft(padded, n_fft=1024, hop_length=256, center=False)) ** 2
        logs.append(np.log(np.maximum(bank @ np.sqrt(power + 1e-9), 1e-5)))
    expected = np.abs(logs[0] - logs[1]).mean()
    assert LogMelL1()(noise(0), noise(1), 22050) == pytest.approx(expected, rel=1e-4)


@pytest.mark.parametrize("preset", [None, "pwg-22k", "coqui-22k", "univnet-24k"])
def test_a_gain_of_half_is_ln_2_whatever_the_front_end(preset: str | None) -> None:
    """Decimal logarithms, decibels and normalised mels are measured in nepers too."""
    mel = None if preset is None else Mel.preset(preset)
    rate = 22050 if mel is None else mel.sample_rate
    value = LogMelL1(mel)(noise(0) / 2, noise(0), rate)
    assert value == pytest.approx(math.log(2), rel=2e-3)


def test_other_rates_are_resampled_to_the_front_end() -> None:
    """The same two sounds at 22.05 and 48 kHz have the same distance; not if read as 22.05 kHz."""
    low = noise(0), noise(0) + noise(1) / 2
    high = [torch.from_numpy(resample_array(clip.numpy(), 22050, 48000)) for clip in low]
    expected = LogMelL1()(*low, 22050)
    assert LogMelL1()(high[0], high[1], 48000) == pytest.approx(expected, rel=0.01)
    assert LogMelL1()(high[0], high[1], 22050) != pytest.approx(expected, rel=0.02)


def test_equal_and_silent_clips() -> None:
    silence = torch.zeros(1, 22050)
    assert LogMelL1()(noise(0), noise(0), 22050) == 0
    assert LogMelL1()(silence, silence, 22050) == 0
    # silence is the floor: ln 1e-5, or the sum of the bank's row times sqrt(1e-9) if that is more
    assert 5 < LogMelL1()(silence, noise(0), 22050) < 12
