"""Floors: references degraded in known ways, or unchanged, to read figures by."""

import math
import tempfile
from abc import ABC, abstractmethod
from collections.abc import Mapping
from dataclasses import dataclass, replace
from functools import lru_cache
from pathlib import Path
from typing import Any

import torch
from torch import Tensor
from torch.nn.functional import pad

from wavegan.audio import io
from wavegan.audio.griffin_lim import griffin_lim
from wavegan.audio.resample import resample_array
from wavegan.errors import UserError
from wavegan.mel.front_end import Mel
from wavegan.mel.spectrogram import MelSpectrogram, mel_filterbank


@dataclass(frozen=True)
class Made:
    """Audio `(C, T)`, and its bit rate in kbit/s if it was encoded."""

    audio: Tensor
    kilobits: float | None = None


class Baseline(ABC):
    """Makes an "estimate" of a reference without a model."""

    @abstractmethod
    def __call__(self, reference: Tensor, sample_rate: int) -> Made:
        """Turn a reference `(C, T)` into an estimate `(C, T)` of the same rate, Hz.

        Raises:
            UserError: this is not possible at this rate.
        """

    @abstractmethod
    def settings(self, sample_rate: int) -> dict[str, Any]:
        """Return what its figures depend on, for JSON."""


class Reference(Baseline):
    """The reference itself: the best value of a metric."""

    def __call__(self, reference: Tensor, sample_rate: int) -> Made:
        """Return the reference."""
        return Made(reference)

    def settings(self, sample_rate: int) -> dict[str, Any]:
        """Return a description."""
        return {"what": "each reference against itself"}


class GriffinLim(Baseline):
    """Griffin-Lim from the mel: magnitudes by the pseudo-inverse, phases by iteration.

    The fast Griffin-Lim algorithm (Perraudin, Balazs and Søndergaard 2013) with a momentum of
    0.99, from fixed random phases. No weights: a vocoder that is not better has learnt nothing.

    Args:
        mel: the front-end; None is one for the rate (`front_end`).
        iterations: of the algorithm.
    """

    def __init__(self, mel: Mel | None = None, iterations: int = 60) -> None:
        self.mel, self.iterations = mel, iterations

    def __call__(self, reference: Tensor, sample_rate: int) -> Made:
        """Invert the mel of each channel."""
        mel = self._mel(sample_rate)
        audio = _resampled(reference, sample_rate, mel.sample_rate)
        samples = audio.shape[-1]
        # frames up to the end and one more: a centred front-end ends one hop early
        padded = pad(audio, (0, -samples % mel.hop_length + mel.hop_length))
        made = griffin_lim(
            _magnitudes(padded, mel),
            mel.n_fft,
            mel.hop_length,
            torch.hann_window(mel.win_length, periodic=mel.periodic),
            iterations=self.iterations,
            momentum=0.99,
            seed=0,
            padding=mel.padding,
            pad_mode=mel.pad_mode,
        )[..., :samples]
        made = _resampled(made, mel.sample_rate, sample_rate)
        return Made(pad(made, (0, reference.shape[-1] - made.shape[-1])))

    def settings(self, sample_rate: int) -> dict[str, Any]:
        """Return iterations, momentum and the fields of the mel."""
        return {
            "what": "Griffin-Lim from each reference's mel",
            "iterations": self.iterations,
            "momentum": 0.99,
            "mel": self._mel(sample_rate).to_dict(),
        }

    def _mel(self, sample_rate: int) -> Mel:
        mel = self.mel or front_end(sample_rate)
        return replace(mel, log="ln", mean=None, scale=None, clip=None, mask_last=None)


class Reencoded(Baseline):
    """The reference through a lossy codec that listeners know: Ogg Vorbis at its default quality.

    libsndfile's default, quality 0.4 of 1: about 55 kbit/s for mono speech at 22.05 kHz.
    """

    def __call__(self, reference: Tensor, sample_rate: int) -> Made:
        """Encode and decode; samples beyond full scale are clipped."""
        with tempfile.TemporaryDirectory(prefix="wavegan-") as folder:
            file = Path(folder) / "clip.ogg"
            io.write(file, reference.numpy(), sample_rate)
            made, _ = io.read(file, mono=False)
            size = file.stat().st_size
        samples = reference.shape[-1]
        decoded = torch.from_numpy(made)[:, :samples]
        kilobits = 8e-3 * size * sample_rate / samples
        return Made(pad(decoded, (0, samples - decoded.shape[-1])), kilobits)

    def settings(self, sample_rate: int) -> dict[str, Any]:
        """Return the codec and its quality."""
        return {"what": "each reference through Ogg Vorbis", "quality": 0.4}


def front_end(sample_rate: int) -> Mel:
    """Return the mel that Griffin-Lim starts from if no model gives one.

    At rates up to 22.05 kHz HiFi-GAN's 80 bands up to 8 kHz; up to 24 kHz BigVGAN's 100 bands and
    above its 128, over the whole band. Frames last as long as theirs, to a power of two samples.
    """
    name = (
        "hifigan-22k"
        if sample_rate <= 22050
        else "bigvgan-24k"
        if sample_rate <= 24000
        else "bigvgan-44k-512x"
    )
    like = Mel.preset(name)
    if like.sample_rate == sample_rate:
        return like
    size = 2 ** round(math.log2(like.n_fft * sample_rate / like.sample_rate))
    return replace(
        like,
        sample_rate=sample_rate,
        n_fft=size,
        win_length=size,
        n_mels=min(like.n_mels, size // 4),
        hop_length=size // 4,
        f_max=min(8000.0, sample_rate / 2) if name == "hifigan-22k" else sample_rate / 2,
    )


def _magnitudes(audio: Tensor, mel: Mel) -> Tensor:
    """Estimate magnitudes from the mel of `(C, T)`: `(C, n_fft / 2 + 1, L)`."""
    bands = MelSpectrogram(mel)(audio).double().exp()
    if mel.floor_mode == "add":
        bands = bands - mel.floor
    spectrum = (_inverse(mel) @ bands).clamp(min=0)
    energy = spectrum if mel.power == 2 else spectrum.square()
    magnitude: Tensor = (energy - mel.magnitude_eps).clamp(min=0).sqrt().float()
    return magnitude


@lru_cache(maxsize=8)
def _inverse(mel: Mel) -> Tensor:
    inverse: Tensor = torch.linalg.pinv(mel_filterbank(mel).double())
    return inverse


def _resampled(audio: Tensor, from_rate: int, to_rate: int) -> Tensor:
    if from_rate == to_rate:
        return audio
    return torch.from_numpy(resample_array(audio.numpy(), from_rate, to_rate))


def baselines(mel: Mel | None = None) -> Mapping[str, Baseline]:
    """Return all floors by name, the cheapest first."""
    return {"reference": Reference(), "griffin_lim": GriffinLim(mel), "re_encoded": Reencoded()}


def why_impossible(floor: Baseline, sample_rate: int) -> str:
    """Say why a floor cannot be made at a rate, or ""; tries it on half a second of noise."""
    noise = 0.1 * torch.randn(1, sample_rate // 2, generator=torch.Generator().manual_seed(0))
    try:
        floor(noise, sample_rate)
    except UserError as error:
        return str(error)
    return ""
