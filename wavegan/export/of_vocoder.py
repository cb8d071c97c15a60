"""The plan of a vocoder: a mel spectrogram in, audio out, in the form that sherpa-onnx reads.

sherpa-onnx (github.com/k2-fsa/sherpa-onnx, commit 634265c) chooses by the metadata `model_type`
(`GetModelType` in sherpa-onnx/csrc/vocoder.cc), passes one float32 input (1, n_mels, L), and takes

- "hifigan": the first output as audio, of any shape (hifigan-vocoder.cc). Its own files have the
  input `mel` (N, n_mels, L) and the output `audio` (N, T), with `sample_rate` and `version`
  (github.com/k2-fsa/icefall, egs/ljspeech/TTS/matcha/export_onnx_hifigan.py).
- "vocos": three outputs (1, n_fft / 2 + 1, L), `mag`, `x` and `y`: the spectrum is mag * (x + iy).
  It inverts this as `n_fft`, `hop_length`, `win_length`, `window_type`, `center`, `normalized` and
  `pad_mode` of the metadata say (vocos-vocoder.cc; scripts/vocos/add_meta_data.py). Its "hann" is
  periodic, and without `center` it cuts nothing off (github.com/csukuangfj/kaldi-native-fbank,
  feature-window.cc and istft.cc), so a Vocos of padding "same" has its inverse in the graph here,
  as a "hifigan".

sherpa-onnx cannot give a second input, as for noise: the `model_type` of such a graph is the name
of its generator.
"""

from copy import deepcopy

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn

from wavegan.export import numpy_parts
from wavegan.export.fourier import without_complex_numbers
from wavegan.export.noise_input import NoiseInput
from wavegan.export.plan import Arrays, Format, Plan, Port, Run
from wavegan.export.vocoder_parts import (
    BATCHES,
    LENGTHS,
    Through,
    audio_port,
    cases,
    example,
    facts,
    mel_port,
    metadata,
    sample,
)
from wavegan.generators.base import MelGenerator
from wavegan.generators.vocos import Vocos
from wavegan.inference.vocoder import Vocoder


def plan(vocoder: Vocoder, name: str, target: Format) -> Plan:
    """How to export a vocoder that decodes whole mels.

    Args:
        vocoder: on the CPU.
        name: of its generator.
        target: "torch" has complex numbers, so its graph contains inverse transforms as they are.
    """
    generator = vocoder.generator
    if target == "onnx" and isinstance(generator, Vocos) and generator.padding == "center":
        return _spectra(vocoder, name, generator)
    noise = NoiseInput.of(generator)
    network = without_complex_numbers(generator) if target == "onnx" else generator

    def through(run: Run, inputs: Arrays) -> NDArray[np.float32]:
        return run(inputs)[0]

    return Plan(
        network=Waveform(network, noise),
        inputs=(mel_port(vocoder), *noise.ports),
        outputs=(audio_port(vocoder),),
        example=example(vocoder, noise),
        cases=lambda: cases(vocoder, noise, _sizes(through)),
        facts=facts(vocoder, name, noise),
        metadata=metadata(vocoder, name if noise.ports else "hifigan", name),
        sample=sample(f'{noise.code}audio = run({{"mel": mel{noise.argument}}})[0]\n'),
    )


class Waveform(nn.Module):
    """The whole generator: mel, and noise where it takes some, to audio `(B, T)`."""

    def __init__(self, generator: MelGenerator, noise: NoiseInput) -> None:
        super().__init__()
        self.generator, self.noise = generator, noise

    def forward(self, *inputs: Tensor) -> Tensor:
        """Vocode."""
        mel, *noise = inputs
        audio: Tensor = self.generator(self.noise.padded(mel, *noise), *noise)[:, 0]
        if self.noise.frames_per_value == 1:
            return audio
        # a slice would be traced for mels that end with the noise, or for the others
        return audio[:, torch.arange(self.generator.output_length(mel.shape[-1]))]


class Spectra(nn.Module):
    """Vocos without its inverse transform: magnitudes, cosines and sines `(B, bins, L)`."""

    def __init__(self, generator: Vocos) -> None:
        super().__init__()
        self.generator = deepcopy(generator)
        self.generator.head.inverse = _Parts()  # type: ignore[assignment]

    def forward(self, *inputs: Tensor) -> tuple[Tensor, ...]:
        """Vocode up to the spectra."""
        return tuple(part[:, 0] for part in self.generator(*inputs))


class _Parts(nn.Module):
    def forward(self, magnitude: Tensor, phase: Tensor) -> tuple[Tensor, Tensor, Tensor]:
        return magnitude, phase.cos(), phase.sin()


def _spectra(vocoder: Vocoder, name: str, generator: Vocos) -> Plan:
    inverse, noise = generator.head.inverse, NoiseInput()
    n_fft, hop, bins = inverse.n_fft, inverse.hop_length, inverse.n_fft // 2 + 1
    stft = {
        "n_fft": n_fft,
        "hop_length": hop,
        "win_length": n_fft,
        "window_type": "hann",
        "center": 1,
        "normalized": 0,
        "pad_mode": "reflect",
    }

    def through(run: Run, inputs: Arrays) -> NDArray[np.float32]:
        mag, x, y = run(inputs)
        return numpy_parts.istft(mag, x, y, n_fft, hop)

    return Plan(
        network=Spectra(generator),
        inputs=(mel_port(vocoder),),
        outputs=(
            Port("mag", ("N", bins, "L"), "magnitudes of the spectrum mag * (x + iy)"),
            Port("x", ("N", bins, "L"), "cosines of its phases"),
            Port("y", ("N", bins, "L"), "sines of its phases"),
        ),
        example=example(vocoder, noise),
        cases=lambda: cases(vocoder, noise, _sizes(through)),
        facts={**facts(vocoder, name, noise), "stft": stft},
        metadata={**metadata(vocoder, "vocos", name), **stft},
        sample=sample(
            'mag, x, y = run({"mel": mel})\n'
            'audio = istft(mag, x, y, about["stft"]["n_fft"], about["stft"]["hop_length"])\n',
            numpy_parts.istft,
        ),
    )


def _sizes(through: Through) -> list[tuple[str, int, int, Through]]:
    return [
        (f"{batch} x {frames} frames", batch, frames, through)
        for batch in BATCHES
        for frames in LENGTHS
    ]
