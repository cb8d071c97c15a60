"""The plan of a vocoder: a mel spectrogram in, audio out, in the form that sherpa-onnx reads.

sherpa-onnx (github.com/k2-fsa/sherpa-onnx, commit 634265c) chooses by the metadata `model_type`
(`GetModelType` in sherpa-onnx/csrc/vocoder.cc), passes one float32 input (1, n_mels, L), and takes

- "hifigan": the first output as audio, of any shape (hifigan-vocoder.cc); its own files have the
  input `mel` (N, n_mels, L) and the output `audio` (N, T), with `sample_rate` and `version`
  (github.com/k2-fsa/icefall, egs/ljspeech/TTS/matcha/export_onnx_hifigan.py);
- "vocos": three outputs (1, n_fft / 2 + 1, L), `mag`, `x` and `y`, with the spectrum mag * (x + iy),
  and inverts it as `n_fft`, `hop_length`, `win_length`, `window_type`, `center`, `normalized` and
  `pad_mode` of the metadata say (vocos-vocoder.cc; scripts/vocos/add_meta_data.py). Its "hann" is
  periodic, and without `center` it cuts nothing off (kaldi-native-fbank, feature-window.cc and
  istft.cc), so a Vocos of padding "same" has its inverse in the graph and is a "hifigan" here.

A graph with further inputs, for noise or a stream, is not one that sherpa-onnx runs: its
`model_type` is the name of the generator.
"""

from collections.abc import Callable, Sequence
from copy import deepcopy
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn

from wavegan.export import numpy_parts, signals
from wavegan.export.fourier import PolarInverse
from wavegan.export.noise_input import NoiseInput
from wavegan.export.plan import Arrays, Case, Format, Plan, Port, Run, Sample
from wavegan.generators.base import MelGenerator
from wavegan.generators.vocos import Vocos
from wavegan.inference.vocoder import Vocoder
from wavegan.layers.istft_head import PolarISTFT

LENGTHS, BATCHES, TRACED = (20, 75, 200), (1, 2), 48
"""Frames and items that are compared, and the frames of the traced example."""


def plan(vocoder: Vocoder, name: str, target: Format) -> Plan:
    """How to export a vocoder.

    Args:
        vocoder: on the CPU.
        name: of its generator.
        target: "torch" has complex numbers, so its graph holds every inverse transform as it is.
    """
    generator = vocoder.generator
    if target == "onnx" and isinstance(generator, Vocos) and generator.padding == "center":
        return _spectra(vocoder, name, generator)
    noise = NoiseInput.of(generator)
    network = without_complex_numbers(generator) if target == "onnx" else generator
    outputs = (audio_port(vocoder),)

    def through_graph(run: Run, inputs: Arrays) -> NDArray[np.float32]:
        return run(inputs)[0]

    return Plan(
        network=Waveform(network, noise),
        inputs=(mel_port(vocoder), *noise.ports),
        outputs=outputs,
        example=example(vocoder, noise),
        cases=lambda: _cases(vocoder, noise, through_graph),
        facts=facts(vocoder, name, noise),
        metadata=metadata(vocoder, name if noise.ports else "hifigan", name),
        sample=mel_sample(f'audio = run({{"mel": mel{noise.sample}}})[0]\n'),
    )


def without_complex_numbers(generator: MelGenerator) -> MelGenerator:
    """A copy with each inverse transform as a convolution: ONNX has no complex numbers."""
    copy = deepcopy(generator)
    for name, layer in list(copy.named_modules()):
        if isinstance(layer, PolarISTFT):
            above, _, own = name.rpartition(".")
            setattr(copy.get_submodule(above), own, PolarInverse(layer))
    return copy


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
        return audio[:, : self.generator.output_length(mel.shape[-1])]


class Spectra(nn.Module):
    """Vocos without its inverse transform: magnitudes, cosines and sines `(B, bins, L)`."""

    def __init__(self, generator: Vocos) -> None:
        super().__init__()
        self.generator = deepcopy(generator)
        self.generator.head.inverse = _Polar()

    def forward(self, *inputs: Tensor) -> tuple[Tensor, ...]:
        """Vocode up to the spectra."""
        return tuple(part[:, 0] for part in self.generator(*inputs))


class _Polar(nn.Module):
    def forward(self, magnitude: Tensor, phase: Tensor) -> tuple[Tensor, Tensor, Tensor]:
        return magnitude, phase.cos(), phase.sin()


def _spectra(vocoder: Vocoder, name: str, generator: Vocos) -> Plan:
    inverse = generator.head.inverse
    n_fft, hop = inverse.n_fft, inverse.hop_length
    noise, bins = NoiseInput.of(generator), n_fft // 2 + 1
    stft = {
        "n_fft": n_fft,
        "hop_length": hop,
        "win_length": n_fft,
        "window_type": "hann",
        "center": 1,
        "normalized": 0,
        "pad_mode": "reflect",
    }

    def through_graph(run: Run, inputs: Arrays) -> NDArray[np.float32]:
        return numpy_parts.istft(*run(inputs), n_fft, hop)

    return Plan(
        network=Spectra(generator),
        inputs=(mel_port(vocoder),),
        outputs=(
            Port("mag", ("N", bins, "L"), "magnitudes of the spectrum mag * (x + iy)"),
            Port("x", ("N", bins, "L"), "cosines of its phases"),
            Port("y", ("N", bins, "L"), "sines of its phases"),
        ),
        example=example(vocoder, noise),
        cases=lambda: _cases(vocoder, noise, through_graph),
        facts={**facts(vocoder, name, noise), "stft": stft},
        metadata={**metadata(vocoder, "vocos", name), **stft},
        sample=mel_sample(
            'mag, x, y = run({"mel": mel})\n'
            'audio = istft(mag, x, y, about["stft"]["n_fft"], about["stft"]["hop_length"])\n',
            numpy_parts.istft,
        ),
    )


def mel_sample(code: str, *helpers: Callable[..., Any]) -> Sample:
    """A usage sample that vocodes a file of mels, or silence."""
    read = (
        "silence = np.float32(about[\"silence\"])[:, None].repeat(100, 1)\n"
        "mel = np.load(sys.argv[1]) if len(sys.argv) > 1 else silence  # (n_mels, L)\n"
        "mel = np.float32(mel).reshape(-1, about[\"n_mels\"], mel.shape[-1])\n"
    )
    usage = "Mel spectrograms in, audio out: give MEL.npy and AUDIO.wav."
    return Sample(usage, read + code, helpers)


def mel_port(vocoder: Vocoder) -> Port:
    """The input of a vocoder."""
    return Port("mel", ("N", vocoder.n_mels, "L"), "log-mel spectrograms of the front-end `mel`")


def audio_port(vocoder: Vocoder) -> Port:
    """The output of a vocoder."""
    hop = vocoder.hop_length
    fewer = hop - vocoder.generator.output_length(1)
    text = f"audio at {vocoder.sample_rate} Hz, in about [-1, 1]"
    return Port("audio", ("N", f"L * {hop} - {fewer}" if fewer else f"L * {hop}"), text)


def example(vocoder: Vocoder, noise: NoiseInput) -> tuple[Tensor, ...]:
    """Inputs to trace with: two items, of noise too."""
    frames = max(TRACED, 2 * noise.frames_per_value)
    mel = torch.from_numpy(signals.mels(vocoder, 2, frames))
    return (mel, *(torch.from_numpy(each) for each in noise.drawn(2, frames)))


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


def _cases(
    vocoder: Vocoder,
    noise: NoiseInput,
    through_graph: Callable[[Run, Arrays], NDArray[np.float32]],
) -> Sequence[Case]:
    made = []
    for batch in BATCHES:
        for frames in LENGTHS:
            mel, drawn = signals.mels(vocoder, batch, frames), noise.drawn(batch, frames)
            inputs = {"mel": mel, **dict(zip((port.name for port in noise.ports), drawn))}

            def run_it(run: Run, inputs: Arrays = inputs) -> NDArray[np.float32]:
                return through_graph(run, inputs)

            expected = expected_audio(vocoder, mel, drawn)
            made.append(Case(f"{batch} x {frames} frames", run_it, expected))
    return made


def expected_audio(
    vocoder: Vocoder, mel: NDArray[np.float32], noise: Sequence[NDArray[np.float32]]
) -> NDArray[np.float32]:
    """The model's audio `(B, T)`."""
    with torch.no_grad():
        audio = vocoder.generator(torch.from_numpy(mel), *map(torch.from_numpy, noise))
    return audio[:, 0].numpy()
