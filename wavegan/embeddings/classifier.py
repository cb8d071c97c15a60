"""A small classifier of clips for the data's own labels; its second-last layer is an embedding."""

import math
from pathlib import Path

import torch
from torch import Tensor, nn
from torch.nn import functional

from wavegan import bounded_network
from wavegan.embeddings import _classifier_files as files
from wavegan.embeddings._mel import MelBands
from wavegan.embeddings.base import Embedding
from wavegan.errors import UserError

N_MELS, WINDOW, RANGE_DB = 64, 0.032, 80.0
LEVELS = (1, 2, 4, 8, 12)
"""Channels of the five convolutions, in multiples of `width`."""


class Classifier(Embedding):
    """A spectrogram network of 0.8 million parameters for the labels of one folder of sounds.

        64 mel bands → 5 × (convolution 3 × 3 of stride 2, batch norm, ReLU) → mean and maximum over
        what is left → embedding (B, D) → ReLU → one logit a label

    Donahue et al. 2019 (arXiv:1802.04208) evaluate WaveGAN by a classifier of the data: its
    predictions give the Inception Score, its last features a distance. Pooling allows clips of any
    length; clips shorter than `samples` are padded with silence to the length of the training
    clips. Channels are averaged.

    Args:
        sample_rate: Hz.
        labels: two or more names, in the order of the logits.
        samples: length of the training clips.
        width: channels of the first convolution.
        dim: D, length of the embedding.

    Shape: `(B, C, T)` to `(B, D)`.

    Raises:
        UserError: fewer than two labels, a duplicate label, or a number out of range.
    """

    def __init__(
        self, sample_rate: int, labels: list[str], samples: int, width: int = 24, dim: int = 128
    ) -> None:
        super().__init__()
        _check(labels, samples=samples, width=width, dim=dim)
        self.sample_rate, self.samples = sample_rate, samples
        self.labels = list(labels)
        self.width, self.dim = width, dim
        self.bands = MelBands(sample_rate, N_MELS, WINDOW, RANGE_DB)
        sizes = [1, *(level * width for level in LEVELS)]
        self.blocks = nn.Sequential(*map(_block, sizes, sizes[1:]))
        self.project = nn.Linear(2 * sizes[-1], dim)
        self.head = nn.Linear(dim, len(labels))

    def forward(self, audio: Tensor) -> Tensor:
        """Embed clips of any length."""
        return self.embed(self.spectrogram(audio))

    def logits(self, audio: Tensor) -> Tensor:
        """Logits `(B, K)` of `(B, C, T)`; their softmax is the probability of each label."""
        return self.guess(self.forward(audio))

    def spectrogram(self, audio: Tensor) -> Tensor:
        """The network's input `(B, 64, L)` for `(B, C, T)`; 0 is silence, about 1 full scale."""
        audio = functional.pad(audio, (0, max(0, self.samples - audio.shape[-1])))
        levels: Tensor = self.bands(audio)
        return levels / (RANGE_DB / 20 * math.log(10))

    def embed(self, spectrogram: Tensor) -> Tensor:
        """Embed spectrograms `(B, 64, L)`: `(B, D)`."""
        maps = self.blocks(spectrogram[:, None])
        pooled = torch.cat([maps.mean((2, 3)), maps.amax((2, 3))], dim=1)
        vector: Tensor = self.project(pooled)
        return vector.float()

    def guess(self, embedding: Tensor) -> Tensor:
        """Logits `(B, K)` of embeddings `(B, D)`."""
        logits: Tensor = self.head(embedding.relu())
        return logits.float()

    def save(self, folder: Path) -> None:
        """Write `config.json` and `model.safetensors` into an existing folder."""
        names = ("sample_rate", "labels", "samples", "width", "dim")
        files.write(folder, {name: getattr(self, name) for name in names}, self.state_dict())

    @classmethod
    def load(cls, folder: Path) -> "Classifier":
        """Open a saved classifier on the CPU, in evaluation mode.

        Raises:
            UserError: a file is missing, of another kind, or damaged; the message has the file.
        """
        with files.opened(folder) as (options, weights):
            try:
                bounded_network.check_options(options, "judge")
                with bounded_network.within(weights):
                    judge = cls(**options)
            except (TypeError, UserError) as error:
                raise UserError(f"{folder / files.CONFIG}: {error}") from None
            try:
                judge.load_state_dict(weights)
            except RuntimeError as error:
                reason = " ".join(str(error).split())[:300]
                raise UserError(f"{folder / files.WEIGHTS}: weights do not fit: {reason}") from None
        return judge.eval()


def _block(before: int, after: int) -> nn.Sequential:
    # strides instead of pooling take a third of the time, and leave at least one position
    convolution = nn.Conv2d(before, after, 3, stride=2, padding=1, bias=False)
    return nn.Sequential(convolution, nn.BatchNorm2d(after), nn.ReLU())


def _check(labels: list[str], **sizes: int) -> None:
    if len(labels) < 2:
        raise UserError(f"labels has {len(labels)}: a classifier needs two or more")
    if twice := [label for label in labels if labels.count(label) > 1]:
        raise UserError(f"labels has {twice[0]!r} twice: name each label once")
    for name, value in sizes.items():
        if value < 1:
            raise UserError(f"{name} is {value}: give 1 or more")
