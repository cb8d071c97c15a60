"""A vocoder with its input, for the peers of `vocoders.py`."""

import functools
import importlib
import math
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import torch
from torch import Tensor, nn

from wavegan import Vocoder, bundle
from wavegan.audio import io
from wavegan.inference.noise import draw

SPEECH = Path(__file__).parents[1] / "examples" / "held-out" / "arctic_a0008.flac"
Call = Callable[[], Tensor]
"""Returns audio `(T,)`."""


class Skip(Exception):  # noqa: N818  # it is no error
    """A peer cannot run this model; the text says why."""


@dataclass
class Case:
    """A vocoder and its input.

    Attributes:
        path: the model.
        seconds: length of the audio.
        threads: threads of every peer.
        folder: for temporary files.
    """

    path: Path
    seconds: float
    threads: int
    folder: Path

    @functools.cached_property
    def vocoder(self) -> Vocoder:
        """The vocoder, for its front-end and sizes."""
        return Vocoder.from_pretrained(self.path)

    @functools.cached_property
    def opened(self) -> tuple[bundle.Config, nn.Module]:
        """The configuration and the plain network, which no engine changes, weight norm folded."""
        config, network = bundle.load(self.path)
        return config, network.eval().requires_grad_(False)

    @functools.cached_property
    def inputs(self) -> tuple[Tensor, ...]:
        """The mel `(1, n_mels, L)` of real speech, and the noise that `Vocoder` draws for it."""
        rate = self.vocoder.mel_config.sample_rate
        wave = torch.from_numpy(io.read(SPEECH, sample_rate=rate)[0]).reshape(1, -1)
        wave = wave.repeat(1, 1 + round(self.seconds * rate / wave.shape[-1]))[0]
        frames = math.ceil(self.seconds * self.vocoder.sample_rate / self.vocoder.hop_length)
        mel = self.vocoder.mel(wave)[None, :, : max(frames, 1)].contiguous()
        shape = self.vocoder.generator.noise_shape(mel.shape[-1])
        return (mel,) if shape is None else (mel, draw(shape, 0))

    @property
    def names(self) -> list[str]:
        """Names of the inputs."""
        return ["mel", "noise"][: len(self.inputs)]


def need(*packages: str) -> None:
    """Import packages.

    Raises:
        Skip: one of them is not installed.
    """
    for package in packages:
        try:
            importlib.import_module(package)
        except ImportError:
            raise Skip(f"{package} is not installed") from None


def cause(error: BaseException) -> str:
    """The last line of an error's first cause: libraries put the reason there."""
    while error.__cause__ is not None:
        error = error.__cause__
    lines = [line.strip() for line in str(error).splitlines() if line.strip()]
    return lines[-1][:120] if lines else type(error).__name__
