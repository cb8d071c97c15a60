"""What every figure has to be read against: references made worse in known ways, or not at all."""

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
    """`(C, T)` audio, and how many kilobits a second it took where it was encoded."""

    audio: Tensor
    kilobits: float | None = None


class Baseline(ABC):
    """Makes an "estimate" of a reference without a model."""

    @abstractmethod
    def __call__(self, reference: Tensor, sample_rate: int) -> Made:
        """Make `(C, T)` of `(C, T)` at the same rate, Hz.

        Raises:
            UserError: it cannot be made of audio of this rate.
        """

    @abstractmethod
    def settings(self, sample_rate: int) -> dict[str, Any]:
        """What its figures depend on, as JSON takes it."""


class Reference(Baseline):
    """The reference against itself: the best that a metric ever says."""

    def __call__(self, reference: Tensor, sample_rate: int) -> Made:
        """Return it."""
        return Made(reference)

    def settings(self, sample_rate: int) -> dict[str, Any]:
        """Nothing to say."""
        return {"what": "each reference against itself"}


class GriffinLim(Baseline):
    """What the mel alone tells: its bands spread by the pseudo-inverse, phases by iteration.

    The fast Griffin-Lim algorithm (Perraudin, Balazs and Søndergaard 2013) with a momentum of
    0.99, from fixed random phases. No weights: a vocoder that is not above it has learnt nothing.

    Args:
        mel: the front-end; None is one for the rate: see `front_end`.
        iterations: of the algorithm.
    """

    def __init__(self, mel: Mel | None = None, iterations: int = 60) -> None:
        self.mel, self.iterations = mel, iterations

    def __call__(self, reference: Tensor, sample_rate: int) -> Made:
        """Invert the mel of each channel."""
        mel = self._mel(sample_rate)
        audio = _resampled(reference, sample_rate, mel.sample_rate)
        samples = audio.shape[-1]
        # frames up to the end, and one more, as a centred front-end ends one hop early
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
        """Iterations, momentum, the mel's fields."""
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
    """The reference through a lossy codec that listeners know: Ogg Vorbis at its usual quality.

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
        """The codec and its setting."""
        return {"what": "each reference through Ogg Vorbis", "quality": 0.4}


def front_end(sample_rate: int) -> Mel:
    """The mel that Griffin-Lim starts from where no model says one.

    HiFi-GAN's 80 bands up to 8 kHz at 22.05 kHz and below, BigVGAN's 100 bands up to 24 kHz and
    128 above, over the whole band; frames last as long as in those, to a power of two samples.
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
    """The spectrum that a mel tells of: `(C, T)` to `(C, n_fft / 2 + 1, L)`."""
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
    """All floors by name, the cheapest first."""
    return {"reference": Reference(), "griffin_lim": GriffinLim(mel), "re_encoded": Reencoded()}


def unmakeable(floor: Baseline, sample_rate: int) -> str:
    """Why a floor cannot be made of audio of a rate, or ""; tried on half a second of noise."""
    noise = 0.1 * torch.randn(1, sample_rate // 2, generator=torch.Generator().manual_seed(0))
    try:
        floor(noise, sample_rate)
    except UserError as error:
        return str(error)
    return ""
