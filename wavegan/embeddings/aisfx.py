"""aiSFX (Ma & Lerch 2022, arXiv:2208.09096): an embedding of sound effects and musical sounds."""

import importlib
from pathlib import Path
from typing import Any

import numpy as np
import torch
from torch import Tensor, nn
from torch.nn import functional

from wavegan.embeddings.base import Embedding
from wavegan.errors import UserError

RATE = 44100
N_FFT, HOP, BANDS = 2048, 1024, 96
BLOCK, BLOCK_HOP = 100, 50
LOUDEST = 9.457798957824707
"""The largest value in its training data's spectrograms, by which all are divided."""
INSTALL = 'pip install "wavegan[metrics]" && pip install --no-deps aisfx'
"""Without its dependencies: it pins an old numpy."""


class AiSFX(Embedding):
    """512 values per clip, from a network of 4.7 million parameters trained on sound effects.

        log10(1 + 10^4 mel power) (96 bands, 44.1 kHz) → 8 convolutions → mean over frequency,
        maximum over time of blocks of 2.3 s, each half over the next → their mean

    The spectrogram is that of the paper (Essentia), not of the package's librosa path. A last
    block that is not full is left out unless it is the only one, as in the package; shorter clips
    are padded with silence. Channels are averaged. The network (X-Sequential-CE, CC BY 4.0) is in
    the package `aisfx`; it is neither saved nor trained here.

    Shape: `(B, C, T)` to `(B, 512)`.

    Raises:
        UserError: the package `aisfx`, or one that it needs, is missing.
    """

    window: Tensor
    filters: Tensor

    def __init__(self) -> None:
        super().__init__()
        self.sample_rate = RATE
        self.network = _network()
        self.register_buffer("window", torch.hann_window(N_FFT, periodic=False), persistent=False)
        self.register_buffer("filters", _filters(), persistent=False)

    def forward(self, audio: Tensor) -> Tensor:
        """Embed clips of any length."""
        spectrogram = self.spectrogram(audio)
        blocks = spectrogram.unfold(1, BLOCK, BLOCK_HOP).transpose(2, 3)
        batch, count = blocks.shape[:2]
        found: Tensor = self.network(blocks.flatten(0, 1))
        return found.float().reshape(batch, count, -1).mean(1)

    def spectrogram(self, audio: Tensor) -> Tensor:
        """The network's input for `(B, C, T)`: `(B, L, 96)`, 0 is silence; L is 100 or more."""
        # the last frame is centred at the end or after it
        mono = functional.pad(audio.float().mean(1), (0, -audio.shape[-1] % HOP))
        with torch.autocast(audio.device.type, enabled=False):
            spectrum = torch.stft(
                mono,
                N_FFT,
                HOP,
                window=self.window,
                center=True,
                pad_mode="constant",
                return_complex=True,
            )
            power = spectrum.abs().square().transpose(1, 2) @ self.filters
            levels = (1 + 1e4 * power).log10() / LOUDEST
        return functional.pad(levels, (0, 0, 0, max(0, BLOCK - levels.shape[1])))


def _network() -> nn.Module:
    try:
        layers: Any = importlib.import_module("aisfx.models.cnn2d")
    except (ImportError, OSError) as error:
        reason = " ".join(str(error).split())
        raise UserError(f"aisfx: {reason}; run {INSTALL}") from error
    network: nn.Module = layers.EmbeddingNet("max", 3, 1, 64)
    weights = _weights(Path(layers.__file__).with_name("checkpoint.pth"))
    network.load_state_dict(weights)
    return network.eval().requires_grad_(False)


def _weights(file: Path) -> dict[str, Tensor]:
    """The embedding's part of the checkpoint, read without running its code."""
    number = np.int64(0)
    # besides tensors it has the number of classes of each library, as numpy 1 scalars
    safe: list[Any] = [
        (number.__reduce__()[0], "numpy.core.multiarray.scalar"),
        np.dtype,
        type(number.dtype),
    ]
    with torch.serialization.safe_globals(safe):
        saved, _ = torch.load(file, map_location="cpu", weights_only=True)
    part = "embedding_net."
    return {key.removeprefix(part): saved[key] for key in saved if key.startswith(part)}


def _filters() -> Tensor:
    """Essentia's mel bands `(1025, 96)`: triangles in HTK mel, each of sum 1."""
    bins = _mel(torch.arange(N_FFT // 2 + 1, dtype=torch.float64) * RATE / N_FFT)
    edges = torch.linspace(0, float(bins[-1]), BANDS + 2, dtype=torch.float64)
    low, middle, high = edges[:-2], edges[1:-1], edges[2:]
    rise = (bins[:, None] - low) / (middle - low)
    fall = (high - bins[:, None]) / (high - middle)
    weights = torch.minimum(rise, fall).clamp(min=0)
    return (weights / weights.sum(0)).float()


def _mel(hertz: Tensor) -> Tensor:
    return 1127.01048 * (1 + hertz / 700).log()
