"""Mean absolute difference of two log-mel spectrograms."""

from dataclasses import replace
from importlib.metadata import version
from typing import Any

import torch
from torch import Tensor

from wavegan.audio.resample import resample_array
from wavegan.mel.front_end import Mel
from wavegan.mel.spectrogram import MelSpectrogram
from wavegan.metrics._pair import same_length
from wavegan.metrics.base import Metric


class LogMelL1(Metric):
    """The mean over bands and frames of `|ln mel - ln mel|`, in nepers; 0 for equal clips.

    Clips of another rate are resampled to the front-end's (soxr, HQ), so models of different rates
    can be compared with one front-end. Statistics and masks of `mel` are left out, and the
    logarithm is always natural, so values of front-ends with the same bands have the same unit.

    Args:
        mel: the front-end; None is the preset `hifigan-22k` (80 bands up to 8 kHz).
    """

    label = "log-mel L1 ↓"
    unit = "nepers"

    def __init__(self, mel: Mel | None = None) -> None:
        mel = Mel.preset("hifigan-22k") if mel is None else mel
        plain = replace(mel, log="ln", mean=None, scale=None, clip=None, mask_last=None)
        self._spectrogram = MelSpectrogram(plain)

    @property
    def settings(self) -> dict[str, Any]:
        """Rate, sizes and bands of the front-end."""
        mel = self._spectrogram.mel
        return {
            "rate": mel.sample_rate,
            "n_fft": mel.n_fft,
            "hop_length": mel.hop_length,
            "win_length": mel.win_length,
            "n_mels": mel.n_mels,
            "f_min": mel.f_min,
            "f_max": mel.f_max,
            "power": mel.power,
            "floor": mel.floor,
            "soxr": version("soxr"),
        }

    def __call__(self, estimate: Tensor, reference: Tensor, sample_rate: int) -> float:
        """Compare `(C, T)` with `(C, T)`; see `same_length` for clips that differ in length."""
        rate = self._spectrogram.mel.sample_rate
        pair = (
            torch.from_numpy(resample_array(clip.numpy(), sample_rate, rate))
            for clip in same_length(estimate, reference, sample_rate)
        )
        first, second = (self._spectrogram(clip) for clip in pair)
        return float((first - second).abs().mean())
