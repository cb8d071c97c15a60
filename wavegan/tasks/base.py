"""What a task says: what goes into the generator, and what is compared with what."""

from abc import ABC, abstractmethod
from typing import NamedTuple

from torch import Tensor, nn

from wavegan.generators.base import Generator


class Generated(NamedTuple):
    """What a task makes of a batch, all `(B, C, T)` in [-1, 1].

    Attributes:
        fake: what the discriminator judges, with a graph to the generator.
        real: its real counterpart.
        estimate: what the reconstruction losses and metrics judge.
        reference: what they compare it with.
    """

    fake: Tensor
    real: Tensor
    estimate: Tensor
    reference: Tensor


class Task(nn.Module, ABC):
    """Base of all tasks. Training and validation share `generate`.

    Attributes:
        takes_mels: whether `generate` makes use of a mel.
    """

    takes_mels = False

    @abstractmethod
    def generate(
        self, generator: Generator | nn.Module, audio: Tensor, mel: Tensor | None = None
    ) -> Generated:
        """Run the generator for real audio.

        Args:
            generator: the network.
            audio: `(B, C, T)`.
            mel: `(B, n_mels, L)`, what a TTS model made of the same stretch; None: there is none.
        """
