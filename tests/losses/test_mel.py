"""HiFi-GAN's mel loss against librosa and against values known by hand."""

import math

import librosa
import numpy as np
import pytest
import torch
from numpy.typing import NDArray
from torch import Tensor

from wavegan.errors import UserError
from wavegan.losses.mel import MelL1
from wavegan.mel.front_end import Mel

HIFIGAN = Mel.preset("hifigan-22k")


def noise(seed: int) -> Tensor:
    return 0.1 * torch.randn(1, 1, 8192, generator=torch.Generator().manual_seed(seed))


def log_mel(wave: Tensor) -> NDArray[np.float64]:
    """HiFi-GAN's spectrogram with `fmax_for_loss: null`, by librosa."""
    padded = np.pad(wave[0, 0].double().numpy(), 384, mode="reflect")
    power = np.abs(librosa.stft(padded, n_fft=1024, hop_length=256, center=False)) ** 2
    bank = librosa.filters.mel(sr=22050, n_fft=1024, n_mels=80, fmin=0, fmax=None)
    return np.log(np.maximum(bank @ np.sqrt(power + 1e-9), 1e-5))


def test_agrees_with_librosa() -> None:
    expected = np.abs(log_mel(noise(0)) - log_mel(noise(1))).mean()
    assert MelL1(HIFIGAN)(noise(0), noise(1)).item() == pytest.approx(expected, rel=1e-4)


@pytest.mark.parametrize(("preset", "unit"), [("hifigan-22k", 1.0), ("pwg-22k", math.log(10))])
def test_a_gain_of_half_is_ln_2(preset: str, unit: float) -> None:
    """Every band halves, so every logarithm drops by ln 2 (log10 2 in a decimal front-end)."""
    value = MelL1(Mel.preset(preset))(noise(0) / 2, noise(0))
    assert value.item() == pytest.approx(math.log(2) / unit, rel=1e-3)


def test_bands_reach_half_the_sample_rate_by_default() -> None:
    """A 10 kHz tone is above the model's own 8 kHz."""
    tone = 0.1 * torch.sin(2 * math.pi * 10_000 / 22050 * torch.arange(8192)).reshape(1, 1, -1)
    inside, above = MelL1(HIFIGAN, f_max=8000.0), MelL1(HIFIGAN)
    # away from the ends, where a cut tone clicks and is heard everywhere
    faded = tone * torch.hann_window(8192)
    assert above(noise(0) / 100 + faded, noise(0) / 100).item() > 0.05
    assert inside(noise(0) / 100 + faded, noise(0) / 100).item() < 0.005


def test_statistics_do_not_scale_the_loss() -> None:
    plain = MelL1(HIFIGAN)(noise(0), noise(1))
    scaled = Mel(mean=-5.0, scale=2.0, clip=(-1.0, 1.0), mask_last=-11.5)
    torch.testing.assert_close(MelL1(scaled)(noise(0), noise(1)), plain, rtol=0, atol=0)


def test_front_end_runs_at_the_rate_of_the_audio() -> None:
    """GPT-SoVITS v4 makes 48 kHz audio from a 32 kHz mel of hop 320: 480 samples of audio."""
    mel = MelL1(Mel.preset("gpt-sovits-v4")).spectrogram.mel
    assert (mel.sample_rate, mel.n_fft, mel.hop_length, mel.f_max) == (48000, 1920, 480, 24000)


def test_wrong_f_max() -> None:
    with pytest.raises(UserError, match="f_max"):
        MelL1(HIFIGAN, f_max=12_000.0)
