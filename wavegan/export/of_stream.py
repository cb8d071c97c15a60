"""The plan of a vocoder that decodes a mel chunk by chunk, while it is made.

The graph takes a window of frames, a chunk with the frames before and after it that its audio
depends on, and `own`, the positions of the chunk's frames in the window. It returns only their
audio. Windows of the first and last chunk end where the mel ends: there the network's own borders
count, so all chunks together are the whole.

    mel      ├────────────────────────────────────────────┤
    window        ├ before ┼── chunk ──┼ after ┤
    own                    0 1 2 …                 + before
    audio                  ├───────────┤
"""

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn

from wavegan.errors import UserError
from wavegan.export import numpy_parts
from wavegan.export.fourier import without_complex_numbers
from wavegan.export.noise_input import NoiseInput
from wavegan.export.plan import Arrays, Format, Plan, Port, Run
from wavegan.export.vocoder_parts import (
    BATCHES,
    Through,
    cases,
    example,
    facts,
    mel_port,
    metadata,
    sample,
)
from wavegan.generators.base import MelGenerator
from wavegan.inference.vocoder import Vocoder

CHUNK, CHUNKS = 32, (16, 32, 50)
"""Frames of a chunk, proposed, and compared with the whole."""


def plan(vocoder: Vocoder, name: str, target: Format) -> Plan:
    """How to export a vocoder for chunks of any length.

    Raises:
        UserError: its audio depends on the whole mel.
    """
    generator, known = vocoder.generator, vocoder.reach
    without_audio = 1 - generator.output_length(1) // generator.hop_length
    if known is None:
        raise UserError(
            f"--streaming: {name} needs the whole mel, as its audio depends on more than nearby "
            "frames: leave it out"
        )
    noise = NoiseInput.of(generator)
    network = without_complex_numbers(generator) if target == "onnx" else generator
    after = max(known.after, without_audio)
    streaming = {
        "before": known.before,
        "after": after,
        "chunk": CHUNK,
        "frames_without_audio": without_audio,
        "noise_per_frame": noise.values_per_frame if noise.channels else 0,
        "lookahead_seconds": after * vocoder.hop_length / vocoder.sample_rate,
        "latency_seconds": (CHUNK + after) * vocoder.hop_length / vocoder.sample_rate,
    }
    mel, *drawn = example(vocoder, noise)
    return Plan(
        network=Own(network),
        inputs=(
            mel_port(vocoder),
            *noise.ports,
            Port("own", ("K",), "positions in `mel` of the frames to make audio of", "int64"),
        ),
        outputs=(
            Port("audio", ("N", f"K * {generator.hop_length}"), "audio of these frames alone"),
        ),
        example=(mel, *drawn, torch.arange(known.before, known.before + 5)),
        cases=lambda: cases(vocoder, noise, _sizes(sum(known), streaming)),
        facts={**facts(vocoder, name, noise), "streaming": streaming},
        metadata={**metadata(vocoder, name, name), **streaming},
        sample=sample(
            f"{noise.code}parts = []\n"
            f'for part in stream(run, mel, about["streaming"]{noise.last}):\n'
            "    parts.append(part)  # play it here\n"
            "audio = np.concatenate(parts, 1)\n",
            numpy_parts.stream,
        ),
    )


class Own(nn.Module):
    """A window of a mel, noise where the generator takes some, and `own` to audio `(B, T)`."""

    def __init__(self, generator: MelGenerator) -> None:
        super().__init__()
        self.generator = generator

    def forward(self, *inputs: Tensor) -> Tensor:
        """Vocode the window and keep the audio of its own frames."""
        *given, own = inputs
        audio = self.generator(*given)[:, 0]
        frames = audio.reshape(audio.shape[0], -1, self.generator.hop_length)
        kept: Tensor = frames[:, own].flatten(1)
        return kept


def _sizes(context: int, streaming: dict[str, float]) -> list[tuple[str, int, int, Through]]:
    def through(chunk: int) -> Through:
        def chunked(run: Run, inputs: Arrays) -> NDArray[np.float32]:
            about = {**streaming, "chunk": chunk}
            parts = numpy_parts.stream(run, inputs["mel"], about, inputs.get("noise"))
            return np.concatenate(list(parts), 1)

        return chunked

    frames = max(100, 2 * context + 50)
    return [
        (f"{batch} x {frames} frames in chunks of {chunk}", batch, frames, through(chunk))
        for batch in BATCHES
        for chunk in CHUNKS
    ]
