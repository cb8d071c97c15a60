"""What every plan of a vocoder has: inputs, outputs, facts, comparisons with the model."""

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from wavegan.export import signals
from wavegan.export.noise_input import NoiseInput
from wavegan.export.plan import Arrays, Case, Port, Run, Sample
from wavegan.inference.vocoder import Vocoder

LENGTHS, BATCHES, TRACED = (20, 75, 200), (1, 2), 48
"""Frames and items that are compared, and the frames of the traced example."""
Through = Callable[[Run, Arrays], NDArray[np.float32]]
"""Computes the audio of inputs with a graph."""


def mel_port(vocoder: Vocoder) -> Port:
    """The input of a vocoder."""
    return Port("mel", ("N", vocoder.n_mels, "L"), "log-mel spectrograms of the front-end `mel`")


def audio_port(vocoder: Vocoder) -> Port:
    """The output of a vocoder."""
    hop = vocoder.generator.hop_length
    fewer = hop - vocoder.generator.output_length(1)
    text = f"audio at {vocoder.sample_rate} Hz, in about [-1, 1]"
    return Port("audio", ("N", f"L * {hop} - {fewer}" if fewer else f"L * {hop}"), text)


def example(vocoder: Vocoder, noise: NoiseInput) -> tuple[Tensor, ...]:
    """Inputs to trace with: sizes of 2 and more, of the noise too."""
    frames = max(TRACED, 2 * noise.frames_per_value) + 1  # the mel ends before the noise
    given = (signals.mels(vocoder, 2, frames), *noise.drawn(2, frames))
    return tuple(torch.from_numpy(each) for each in given)


def facts(vocoder: Vocoder, name: str, noise: NoiseInput) -> dict[str, Any]:
    """What the JSON file says of a vocoder."""
    return {
        "kind": "vocoder",
        "generator": name,
        "sample_rate": vocoder.sample_rate,
        "hop_length": vocoder.hop_length,
        "n_mels": vocoder.n_mels,
        "mel": vocoder.mel_config.to_dict(),
        "silence": signals.silence(vocoder),
        **noise.facts,
    }


def metadata(vocoder: Vocoder, model_type: str, name: str) -> dict[str, object]:
    """What the ONNX file says of a vocoder."""
    return {
        "model_type": model_type,
        "sample_rate": vocoder.sample_rate,
        "version": 1,
        "generator": name,
        "n_mels": vocoder.n_mels,
        "hop_length": vocoder.hop_length,
    }


def sample(code: str, *helpers: Callable[..., Any]) -> Sample:
    """A usage sample that vocodes a file of mels, or silence."""
    read = (
        'silence = np.float32(about["silence"])[:, None].repeat(100, 1)\n'
        "mel = np.load(sys.argv[1]) if len(sys.argv) > 1 else silence  # (n_mels, L)\n"
        'mel = np.float32(mel).reshape(-1, about["n_mels"], mel.shape[-1])\n'
    )
    usage = "Mel spectrograms in, audio out: give MEL.npy and AUDIO.wav."
    return Sample(usage, read + code, helpers)


def cases(
    vocoder: Vocoder, noise: NoiseInput, sizes: Sequence[tuple[str, int, int, Through]]
) -> list[Case]:
    """Comparisons with the model.

    Args:
        vocoder: the model.
        noise: its noise input.
        sizes: for each comparison a text, items, frames, and how a graph makes the audio.
    """
    made = []
    for text, batch, frames, through in sizes:
        mel, drawn = signals.mels(vocoder, batch, frames), noise.drawn(batch, frames)
        inputs = {"mel": mel, **{port.name: drawn[0] for port in noise.ports}}

        def run_it(run: Run, through: Through = through, inputs: Arrays = inputs) -> Any:
            return through(run, inputs)

        def nudged(mel: NDArray[Any] = mel, drawn: list[NDArray[Any]] = drawn) -> Any:
            return _audio(vocoder, signals.nudged(mel), *drawn)

        made.append(Case(text, run_it, _audio(vocoder, mel, *drawn), nudged))
    return made


def _audio(vocoder: Vocoder, *inputs: NDArray[np.float32]) -> NDArray[np.float32]:
    """The model's audio `(B, T)` of a mel, and noise where it takes some."""
    with torch.no_grad():
        audio: Tensor = vocoder.generator(*map(torch.from_numpy, inputs))
    return audio[:, 0].numpy()
