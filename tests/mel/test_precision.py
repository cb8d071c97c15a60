"""Front-ends of projects that compute in float64 have no rounding where bands are empty."""

import dataclasses
from pathlib import Path

import librosa
import numpy as np
import pytest
import torch

from wavegan.audio import io
from wavegan.mel.front_end import Mel
from wavegan.mel.spectrogram import MelSpectrogram

WIDE = dataclasses.replace(
    Mel.preset("pwg-22k"), sample_rate=44100, n_fft=2048, hop_length=300, f_min=0.0, f_max=22050.0
)


def upsampled(speech: Path) -> torch.Tensor:
    """Two seconds at 44.1 kHz with nothing above 4 kHz."""
    file = sorted(speech.glob("*.flac"))[0]
    wave, _ = io.read(file, sample_rate=8000, mono=True)
    return torch.from_numpy(librosa.resample(wave[0], orig_sr=8000, target_sr=44100))[:88200]


def of_librosa(wave: torch.Tensor, mel: Mel) -> np.ndarray:
    """ParallelWaveGAN's `logmelfilterbank`."""
    magnitude = np.abs(
        librosa.stft(
            wave.double().numpy(),
            n_fft=mel.n_fft,
            hop_length=mel.hop_length,
            win_length=mel.win_length,
            pad_mode="reflect",
        )
    )
    bank = librosa.filters.mel(
        sr=mel.sample_rate, n_fft=mel.n_fft, n_mels=mel.n_mels, fmin=mel.f_min, fmax=mel.f_max
    )
    return np.log10(np.maximum(1e-10, bank @ magnitude))


def test_empty_bands_are_those_of_float64(speech: Path) -> None:
    wave = upsampled(speech)
    expected = of_librosa(wave, WIDE)
    made = MelSpectrogram(WIDE)(wave)
    assert made.dtype == torch.float32
    assert np.abs(made.numpy() - expected).max() <= 1e-4
    rough = MelSpectrogram(dataclasses.replace(WIDE, precision="float32"))(wave)
    assert np.abs(rough.numpy() - expected).max() > 1e-2


def test_the_published_front_ends_that_compute_with_numpy_say_so() -> None:
    wide = {name for name in Mel.preset_names() if Mel.preset(name).precision == "float64"}
    assert wide == {"pwg-22k", "speecht5-16k", "coqui-22k"}


def test_gradients_pass_through() -> None:
    wave = torch.randn(4000, requires_grad=True)
    MelSpectrogram(Mel.preset("pwg-22k"))(wave).sum().backward()
    assert wave.grad is not None
    assert wave.grad.dtype == torch.float32
    assert wave.grad.abs().max() > 0


@pytest.mark.parametrize("precision", ["float16", "double", None])
def test_another_precision_is_refused(precision: str) -> None:
    with pytest.raises(ValueError, match="precision"):
        Mel(precision=precision)  # type: ignore[arg-type]
