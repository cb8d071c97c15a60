"""The multi-scale mel loss against librosa and against values known by hand."""

import warnings

import librosa
import numpy as np
import pytest
import torch
from numpy.typing import NDArray
from torch import Tensor

from wavegan.errors import UserError
from wavegan.losses.multi_scale_mel import MultiScaleMel

WINDOWS, BANDS = (32, 64, 128, 256, 512, 1024, 2048), (5, 10, 20, 40, 80, 160, 320)


def noise(seed: int, level: float = 0.1) -> Tensor:
    return level * torch.randn(1, 1, 8192, generator=torch.Generator().manual_seed(seed))


def log_mel(wave: Tensor, rate: int, window: int, bands: int) -> NDArray[np.float64]:
    """One scale as DAC defines it, by librosa."""
    samples = wave[0, 0].double().numpy()
    spectrum = librosa.stft(samples, n_fft=window, hop_length=window // 4, pad_mode="reflect")
    with warnings.catch_warnings():
        warnings.filterwarnings("ignore", "Empty filters")
        bank = librosa.filters.mel(sr=rate, n_fft=window, n_mels=bands)
    mel = bank @ np.abs(spectrum)
    return np.log10(np.maximum(mel, 1e-5))


@pytest.mark.parametrize("rate", [16000, 24000, 44100, 48000])
def test_agrees_with_librosa(rate: int) -> None:
    expected = sum(
        np.abs(log_mel(noise(0), rate, *scale) - log_mel(noise(1), rate, *scale)).mean()
        for scale in zip(WINDOWS, BANDS, strict=True)
    )
    assert MultiScaleMel(rate)(noise(0), noise(1)).item() == pytest.approx(expected, rel=1e-4)


def test_a_tenth_is_one_in_each_of_seven_windows() -> None:
    """log10 drops by exactly 1 in every band of every window."""
    value = MultiScaleMel(22050)(noise(0, level=0.05), noise(0, level=0.5))
    assert value.item() == pytest.approx(7, rel=1e-4)


def test_bands_without_a_bin_count_as_equal() -> None:
    """At 48 kHz 1 of 5 bands of window 32 and 1 of 10 of window 64 hold no bin:
    4/5 + 9/10 + 5 = 6.7 in place of 7."""
    loss = MultiScaleMel(48000)
    empty = [int((scale.filterbank.sum(1) == 0).sum()) for scale in loss.scales]
    assert empty == [1, 1, 0, 0, 0, 0, 0]
    value = loss(noise(0, level=0.5), noise(0, level=5.0))
    assert value.item() == pytest.approx(6.7, rel=1e-4)


def test_the_floor_hides_what_is_below_it() -> None:
    loss = MultiScaleMel(22050, floor=1.0)
    assert loss(noise(0), noise(1)).item() == 0


def test_wrong_arguments() -> None:
    with pytest.raises(UserError, match="2 values and bands 1"):
        MultiScaleMel(22050, windows=(32, 64), bands=(5,))
    with pytest.raises(UserError, match="multiples of 4"):
        MultiScaleMel(22050, windows=(30,), bands=(5,))
    with pytest.raises(UserError, match="n_mels"):
        MultiScaleMel(22050, windows=(32,), bands=(80,))
